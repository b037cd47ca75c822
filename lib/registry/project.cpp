#include "lib/registry/project.hpp"

#include "lib/base/error.hpp"
#include "lib/registry/device_row.hpp"

namespace lamp::registry {

void create_project(store::Transaction& transaction, const Project& project, Instant now) {
  require_name(project.name, "the project's name");
  const auto added =
      transaction.execute("INSERT INTO project (name, timezone, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                          {project.name, project.timezone, unix_seconds(now)});
  if (added == 0) throw Error{Errc::exists, "project " + project.name + " is there already"};
}

void add_member(store::Transaction& transaction, std::string_view project, std::string_view user,
                std::string_view role) {
  transaction.execute("INSERT INTO project_member (project, user_name, role) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                      {std::string{project}, std::string{user}, std::string{role}});
}

bool is_member(store::Transaction& transaction, std::string_view project, std::string_view user,
               std::string_view role) {
  return transaction
      .query_one("SELECT 1 FROM project_member WHERE project = ? AND user_name = ? AND role = ?",
                 {std::string{project}, std::string{user}, std::string{role}})
      .has_value();
}

std::vector<ProjectSummary> projects(store::Transaction& transaction) {
  std::vector<ProjectSummary> all;
  for (const auto& row : transaction.query("SELECT name, timezone FROM project ORDER BY name")) {
    ProjectSummary summary{{row.text(0), row.text(1)}, {}, 0};
    for (const auto& member : transaction.query(
             "SELECT user_name, role FROM project_member WHERE project = ? ORDER BY user_name, role", {row.text(0)}))
      summary.members.push_back(member.text(0) + " (" + member.text(1) + ")");
    summary.devices =
        transaction.query_one("SELECT count(*) FROM device WHERE project = ? AND state = 1", {row.text(0)})
            .value()
            .integer(0);
    all.push_back(std::move(summary));
  }
  return all;
}

std::optional<Project> find_project(store::Transaction& transaction, std::string_view project, std::string_view user) {
  const auto row = transaction.query_one(
      "SELECT name, timezone FROM project WHERE name = ? AND EXISTS (SELECT 1 FROM project_member "
      "WHERE project_member.project = project.name AND project_member.user_name = ?)",
      {std::string{project}, std::string{user}});
  if (!row) return std::nullopt;
  return Project{row->text(0), row->text(1)};
}

std::optional<std::vector<Device>> project_devices(store::Transaction& transaction, std::string_view project,
                                                   std::string_view user, std::string_view model) {
  if (!find_project(transaction, project, user)) return std::nullopt;
  return devices_from(transaction.query(
      "SELECT " + std::string{kDeviceColumns} +
          " FROM device WHERE project = ? AND state = 1 AND (? = '' OR model = ?) AND EXISTS (SELECT 1 FROM "
          "project_member WHERE project_member.project = device.project AND project_member.user_name = ?) "
          "ORDER BY serial",
      {std::string{project}, std::string{model}, std::string{model}, std::string{user}}));
}

}  // namespace lamp::registry
