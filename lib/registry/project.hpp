// Projects, who may reach them, and the networks in them. Functions that act for somebody take the user and check the
// membership in the query itself: a project that the user is no member of does not exist for him.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/registry/device.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::registry {

struct Project {
  std::string name;
  std::string timezone;  ///< IANA name, such as Europe/Berlin
};

/// Throws Error{exists}, and Error{bad_input} for a name that is none.
void create_project(store::Transaction& transaction, const Project& project, Instant now);
/// `user` is the common name in the certificate, `role` its OU. Adding twice changes nothing.
void add_member(store::Transaction& transaction, std::string_view project, std::string_view user,
                std::string_view role);
[[nodiscard]] bool is_member(store::Transaction& transaction, std::string_view project, std::string_view user,
                             std::string_view role);

struct ProjectSummary {
  Project project;
  std::vector<std::string> members;
  std::int64_t devices = 0;
};
[[nodiscard]] std::vector<ProjectSummary> projects(store::Transaction& transaction);
/// For the user's own projects.
[[nodiscard]] std::optional<Project> find_project(store::Transaction& transaction, std::string_view project,
                                                  std::string_view user);

/// The project's registered devices, optionally of one model, by serial number. Nothing when the user is no member.
[[nodiscard]] std::optional<std::vector<Device>> project_devices(store::Transaction& transaction,
                                                                 std::string_view project, std::string_view user,
                                                                 std::string_view model = {});

struct Network {
  std::string name, project;
  std::string gateway;  ///< serial number
  std::uint16_t pan_id = 0;
  std::string extended_pan_id;       ///< 16 hex digits
  std::vector<std::string> members;  ///< serial numbers
};

/// Makes a network on a gateway claimed for one of the user's projects; the gateway makes the network key. The same
/// request again gives the same network. Throws Error{not_found} for a gateway that is none of the user's,
/// Error{exists} when the name is taken by another gateway or the gateway has another network.
[[nodiscard]] Network create_network(store::Transaction& transaction, std::string_view name, MacAddress gateway,
                                     std::string_view user, Instant now, Botan::RandomNumberGenerator& rng);
[[nodiscard]] std::vector<Network> networks(store::Transaction& transaction, std::string_view user);
/// Nothing when no project of the user has a network of this name.
[[nodiscard]] std::optional<Network> find_network(store::Transaction& transaction, std::string_view name,
                                                  std::string_view user);

/// Adds devices to a network and so to its project: all of them or none. Those that are in it already stay. Throws
/// Error{denied} naming the serial numbers that are unknown, revoked or elsewhere, without saying which of these.
void add_to_network(store::Transaction& transaction, const Network& network, const std::vector<std::string>& serials,
                    std::string_view user, Instant now);

}  // namespace lamp::registry
