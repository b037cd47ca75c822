// lamp-hsm ceremony ...: what its verbs share.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/command.hpp"
#include "cli/host.hpp"
#include "hsm/ceremony_plan.hpp"
#include "hsm/ceremony_transcript.hpp"

namespace lamp::cli {

/// ceremony run, ceremony show, ceremony verify.
void add_ceremony_verbs(Tool& tool);

void add_ceremony_run(Tool& tool);
void add_ceremony_show(Tool& tool);
void add_ceremony_verify(Tool& tool);

/// ceremonies/<name>/<file> below a site's folder.
[[nodiscard]] std::filesystem::path ceremony_file(const config::Site& site, const std::string& name,
                                                  const std::string& file);

/// Throws Error naming the step's place when site.yaml or a profile contradicts the plan; touches nothing.
void require_fitting(const ceremony::Plan& plan, const config::Site& site);

/// Carries the plan out, or goes on with it: transcript, audit records, and a line for each step on world.out.
void carry_out(const ceremony::Plan& plan, ceremony::Mode mode, Host& host);

/// For --json: the plan; and what a transcript says was done. `file` is named in it as it is given.
[[nodiscard]] nlohmann::json describe(const ceremony::Plan& plan);
[[nodiscard]] nlohmann::json describe_transcript(const ceremony::Plan& plan, const std::filesystem::path& file);

/// The same on throw-away tokens in a temporary folder; its transcript is kept as ceremonies/<name>/rehearsal.cbor.
void rehearse(const ceremony::Plan& plan, const config::Site& site, World& world);

}  // namespace lamp::cli
