// lamp-audit: what an auditor runs. Needs no token and no secret.
#pragma once

#include "cli/command.hpp"

namespace lamp::cli {

[[nodiscard]] Tool make_audit_tool();

void add_audit_prove(Tool& tool);
void add_audit_show(Tool& tool);
void add_audit_verify(Tool& tool);

}  // namespace lamp::cli
