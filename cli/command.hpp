// How a tool is put together: one verb, one file: an options struct, `declare`, and a function of options and world.
// The only header through which verb files see the command-line library.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/world.hpp"

namespace lamp::cli {

enum class Exit { ok = 0, refused = 1, usage = 2, failed = 3 };

/// What a verb takes. The references must outlive the parse; names are spelled as typed ("--model", "image").
class Arguments {
 public:
  explicit Arguments(void* app) noexcept : app_{app} {}
  void positional(std::string_view name, std::string& target, std::string_view help);
  void positionals(std::string_view name, std::vector<std::string>& target, std::string_view help);  ///< one or more
  void optional_positional(std::string_view name, std::string& target, std::string_view help);
  void required(std::string_view name, std::string& target, std::string_view help);
  void required(std::string_view name, std::vector<std::string>& target, std::string_view help);  ///< repeatable
  void required(std::string_view name, std::uint64_t& target, std::string_view help);
  void option(std::string_view name, std::string& target, std::string_view help);
  void option(std::string_view name, std::vector<std::string>& target, std::string_view help);  ///< repeatable
  void option(std::string_view name, std::uint64_t& target, std::string_view help);
  void option(std::string_view name, std::optional<std::uint64_t>& target, std::string_view help);
  void flag(std::string_view name, bool& target, std::string_view help);
  /// Everything after "--".
  void rest(std::vector<std::string>& target, std::string_view help);

 private:
  void* app_;
};

/// A tool with its verbs. Building one has no side effects.
class Tool {
 public:
  Tool(std::string_view name, std::string_view summary);
  Tool(Tool&&) noexcept;
  Tool& operator=(Tool&&) = delete;
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;
  ~Tool();

  /// Adds a verb; "quorum create" is a verb of two words. `Options` must be default-constructible.
  template <class Options>
  void verb(std::string_view words, std::string_view summary, void (*declare)(Arguments&, Options&),
            Exit (*act)(const Options&, World&)) {
    auto options = std::make_shared<Options>();
    auto arguments = add_verb(words, summary, [options, act](World& world) { return act(*options, world); });
    declare(arguments, *options);
  }

  /// Long options and verbs of the whole tool, for the check of its man page.
  [[nodiscard]] std::vector<std::string> long_options() const;
  [[nodiscard]] std::vector<std::string> verbs() const;
  [[nodiscard]] const std::string& name() const noexcept;

 private:
  friend int run(Tool tool, int argc, const char* const* argv, World& world);
  [[nodiscard]] Arguments add_verb(std::string_view words, std::string_view summary, std::function<Exit(World&)> act);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Parses, runs the chosen verb, reports: the only catch that turns an error into an exit status.
int run(Tool tool, int argc, const char* const* argv, World& world);

}  // namespace lamp::cli
