// Asking for a release: of a model's firmware, or of a partner's application for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "lib/firmware/application.hpp"

namespace lamp::cli {

struct RequestOptions {
  std::string image;
  std::string model;
  std::string version;
  std::uint64_t epoch = 0;
  std::uint64_t extra_approvals = 0;
  std::string hardware, witness;
  std::vector<std::string> revoke;
  std::optional<firmware::Application> application;  ///< what is asked for instead of firmware
};

/// The options that both have.
void declare_release(Arguments& arguments, RequestOptions& options);
/// Encrypts, numbers, asks the policy, and writes the request and its files.
[[nodiscard]] Exit request_release(const RequestOptions& options, World& world);

}  // namespace lamp::cli
