// Everything about one release before it is sealed: its files, read on this machine and checked against each other.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/host.hpp"
#include "lib/firmware/release.hpp"
#include "lib/firmware/request.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::cli {

struct Dossier {
  firmware::ReleaseFiles files;
  firmware::Request request;
  Bytes manifest;
  quorum::Roster roster;
  quorum::Dealing dealing;  ///< whose shares hold now
  std::vector<quorum::Contribution> contributions;
  std::vector<std::string> unreadable;  ///< approval files that are none
};

/// A quorum's roster. Throws Error{denied} when this host recorded another of that name.
[[nodiscard]] quorum::Roster release_roster(Host& host, const std::string& quorum);
/// Throws Error{not_found} when there is no request, Error{denied} when a file is not what the request says or the
/// roster is another than the request's.
[[nodiscard]] Dossier load_dossier(Host& host, const firmware::ReleaseName& name);

/// The approvals that count now.
[[nodiscard]] quorum::Tally count_approvals(const Dossier& dossier, Instant now);

/// The label of a request's one-time key in the token "host".
[[nodiscard]] std::string session_label(const firmware::ReleaseName& name);

[[nodiscard]] Bytes sha256_of(ByteView bytes);
/// Of a file of any size.
[[nodiscard]] Bytes sha256_of_file(const std::filesystem::path& file);

/// What officers are asked to approve, for people.
void print_request(std::ostream& out, const Dossier& dossier);

}  // namespace lamp::cli
