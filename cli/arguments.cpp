#include <CLI/CLI.hpp>

#include "cli/command.hpp"

namespace lamp::cli {
namespace {

CLI::App& app_of(void* app) { return *static_cast<CLI::App*>(app); }

template <class Target>
CLI::Option* add(void* app, std::string_view name, Target& target, std::string_view help) {
  return app_of(app).add_option(std::string{name}, target, std::string{help});
}

/// Lists take one value each time the option stands there, so that a list never swallows the next argument.
CLI::Option* add_repeatable(void* app, std::string_view name, std::vector<std::string>& target, std::string_view help) {
  return add(app, name, target, help)->type_size(1)->allow_extra_args(false)->type_name("TEXT ...");
}

}  // namespace

void Arguments::positional(std::string_view name, std::string& target, std::string_view help) {
  add(app_, name, target, help)->required();
}

void Arguments::positionals(std::string_view name, std::vector<std::string>& target, std::string_view help) {
  add(app_, name, target, help)->required();
}

void Arguments::optional_positional(std::string_view name, std::string& target, std::string_view help) {
  add(app_, name, target, help);
}

void Arguments::required(std::string_view name, std::string& target, std::string_view help) {
  add(app_, name, target, help)->required();
}

void Arguments::required(std::string_view name, std::vector<std::string>& target, std::string_view help) {
  add_repeatable(app_, name, target, help)->required();
}

void Arguments::required(std::string_view name, std::uint64_t& target, std::string_view help) {
  add(app_, name, target, help)->required();
}

void Arguments::option(std::string_view name, std::string& target, std::string_view help) {
  add(app_, name, target, help);
}

void Arguments::option(std::string_view name, std::vector<std::string>& target, std::string_view help) {
  add_repeatable(app_, name, target, help);
}

void Arguments::option(std::string_view name, std::uint64_t& target, std::string_view help) {
  add(app_, name, target, help)->capture_default_str();
}

void Arguments::option(std::string_view name, std::optional<std::uint64_t>& target, std::string_view help) {
  add(app_, name, target, help);
}

void Arguments::flag(std::string_view name, bool& target, std::string_view help) {
  app_of(app_).add_flag(std::string{name}, target, std::string{help});
}

void Arguments::rest(std::vector<std::string>& target, std::string_view help) {
  app_of(app_).positionals_at_end();
  add(app_, "command", target, help)->required();
}

}  // namespace lamp::cli
