#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_sign_tool();

void add_sign_request(Tool& tool);
void add_sign_show(Tool& tool);
void add_sign_approve(Tool& tool);
void add_sign_seal(Tool& tool);
void add_sign_verify(Tool& tool);
void add_sign_convert(Tool& tool);
void add_sign_inspect(Tool& tool);
void add_sign_transcript(Tool& tool);
void add_sign_application(Tool& tool);

}  // namespace lamp::cli
