#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>

#include "cli/command.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {

struct Tool::Impl {
  CLI::App app;
  std::string site;
  std::function<Exit(World&)> chosen;
  std::vector<std::string> verbs;
  std::map<std::string, CLI::App*> groups;  ///< first words of two-word verbs
};

Tool::Tool(std::string_view name, std::string_view summary) : impl_{std::make_unique<Impl>()} {
  auto& app = impl_->app;
  app.name(std::string{name});
  app.description(std::string{summary});
  app.add_option("--site", impl_->site, "Folder of the site, or its site.yaml; else $LAMP_SITE, ./site.yaml");
  app.set_version_flag("--version", std::string{name} + " " LAMP_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
}

Tool::Tool(Tool&&) noexcept = default;
Tool::~Tool() = default;

const std::string& Tool::name() const noexcept { return impl_->app.get_name(); }

Arguments Tool::add_verb(std::string_view words, std::string_view summary, std::function<Exit(World&)> act) {
  CLI::App* parent = &impl_->app;
  std::string_view word = words;
  if (const auto space = words.find(' '); space != std::string_view::npos) {
    const std::string group{words.substr(0, space)};
    auto*& app = impl_->groups[group];
    if (app == nullptr) {
      app = parent->add_subcommand(group, "");
      app->require_subcommand(1);
      app->fallthrough();
    }
    parent = app;
    word = words.substr(space + 1);
  }
  auto* verb = parent->add_subcommand(std::string{word}, std::string{summary});
  verb->fallthrough();
  verb->callback([impl = impl_.get(), act = std::move(act)] { impl->chosen = act; });
  if (parent != &impl_->app) {
    // The group's help line names its verbs.
    const auto before = parent->get_description();
    parent->description(before + (before.empty() ? "" : ", ") + std::string{word});
  }
  impl_->verbs.emplace_back(words);
  return Arguments{verb};
}

namespace {

void collect_long_options(const CLI::App& app, std::vector<std::string>& names) {
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) collect_long_options(*verb, names);
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

/// A mistyped verb is what CLI11 found no place for; it complains that a verb is missing.
std::string complaint(const CLI::App& app, const CLI::ParseError& e, const std::vector<std::string>& verbs) {
  const auto unplaced = app.remaining(true);
  const bool verb_missing = std::string_view{e.what()}.find("subcommand") != std::string_view::npos;
  if (!verb_missing) return std::string{e.what()} + "; '" + app.get_name() + " --help' lists what it takes";
  if (unplaced.empty()) return "say what to do: " + listed(verbs);
  std::string words;
  for (const auto* group : app.get_subcommands()) words += group->get_name() + " ";
  return "no verb '" + words + unplaced.front() + "'; there are: " + listed(verbs);
}

/// CLI11 exits with its own codes; ours are 0 for help and version, 2 for a complaint.
int complain(const CLI::App& app, const CLI::ParseError& e, const std::vector<std::string>& verbs, World& world) {
  if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    app.exit(e, world.out, world.err);
    return static_cast<int>(Exit::ok);
  }
  world.err << app.get_name() << ": error: " << complaint(app, e, verbs) << '\n';
  return static_cast<int>(Exit::usage);
}

}  // namespace

std::vector<std::string> Tool::long_options() const {
  std::vector<std::string> names;
  collect_long_options(impl_->app, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> Tool::verbs() const { return impl_->verbs; }

int run(Tool tool, int argc, const char* const* argv, World& world) {
  auto& app = tool.impl_->app;
  try {
    app.parse(argc, argv);
    world.site = tool.impl_->site;
    const auto exit = tool.impl_->chosen(world);
    world.out.flush();
    if (!world.out) throw Error{Errc::unavailable, "standard output cannot be written"};
    return static_cast<int>(exit);
  } catch (const CLI::ParseError& e) {
    return complain(app, e, tool.impl_->verbs, world);
  } catch (const UsageError& e) {
    world.err << tool.name() << ": error: " << e.what() << '\n';
    return static_cast<int>(Exit::usage);
  } catch (const Error& e) {
    const bool refused = e.code() == Errc::denied;
    world.err << tool.name()
              << (refused                      ? ": refused: "
                  : e.code() == Errc::internal ? ": internal error: "
                                               : ": error: ")
              << e.what() << '\n';
    return static_cast<int>(refused ? Exit::refused : Exit::failed);
  } catch (const std::exception& e) {
    world.err << tool.name() << ": internal error: " << e.what() << '\n';
  }
  return static_cast<int>(Exit::failed);
}

}  // namespace lamp::cli
