// Requests as endpoints see them: who is asking was settled by the certificate before an endpoint runs. No HTTP library
// and no TLS in here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::cloud {

/// A device, or a person or station by the OU of a certificate under the client CA; or somebody who showed no
/// certificate that counts, where a server takes such at all.
enum class Role { device, fleet_operator, installer, officer, station, stranger };
[[nodiscard]] std::string_view role_text(Role role) noexcept;  ///< "device", "operator", "installer", ...
[[nodiscard]] std::optional<Role> role_from_text(std::string_view text) noexcept;

/// Who is asking, read from certificate and registry at this very request.
struct Caller {
  Role role = Role::device;
  std::string name;            ///< a device's serial number, else the certificate's common name
  Bytes certificate;           ///< DER
  std::string authority = {};  ///< the one of our authorities that vouches, where the server names several
};

struct Request {
  std::string method;                             ///< "GET" also when the client sent HEAD
  std::string path;                               ///< as sent, without the query
  std::map<std::string, std::string> parameters;  ///< the route's {names}, percent-decoded; never empty, no '/' in them
  std::map<std::string, std::string> query;       ///< percent-decoded; the last of a repeated name counts
  std::string body;
  Caller caller;
  std::map<std::string, std::string> headers{};  ///< names in lower case; of a repeated one the last
  std::string address{};                         ///< of the peer, without port
};

/// An answer. With `file` the server sends that file in place of `body`, honouring Range and HEAD. Caching is forbidden
/// unless `headers` has a Cache-Control.
struct Reply {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body = "{}";
  std::optional<std::filesystem::path> file;
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// {"error": "..."} with this status.
[[nodiscard]] Reply error_reply(unsigned status, std::string_view message);
/// The status and body for a failure: bad_input 400, denied 403, not_found 404, exists 409, unavailable 503, internal
/// 500 (whose text stays inside).
[[nodiscard]] Reply error_reply(const Error& error);

inline constexpr std::size_t kDefaultBodyLimit = std::size_t{64} * 1024;

struct Route {
  std::string method;                        ///< "GET" answers HEAD too
  std::string pattern;                       ///< "/api/v1/projects/{project}/devices"; "/ocsp/{rest*}" takes the rest
  std::vector<Role> roles;                   ///< nobody else gets further than 403
  std::function<Reply(const Request&)> act;  ///< may throw Error; runs on any of several threads at once
  std::size_t body_limit = kDefaultBodyLimit;
};

class Router {
 public:
  /// Throws Error{internal} when method and pattern are there already.
  void add(Route route);

  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string> parameters;
    unsigned status = 404;  ///< without a route: 400 malformed path, 404 no such path, 405 other methods only
  };
  /// `path` is without query. Literal segments win over parameters.
  [[nodiscard]] Match find(std::string_view method, std::string_view path) const;

 private:
  struct Entry {
    Route route;
    std::vector<std::string> segments;
  };
  /// Fills in the match when a route takes the rest of this path.
  [[nodiscard]] bool find_rest(std::string_view method, std::string_view path, Match& match) const;
  std::vector<Entry> entries_;
};

/// For routes that anybody may call, or that decide by themselves.
[[nodiscard]] std::vector<Role> every_role();

/// Percent-decodes; nothing for a malformed escape or a decoded control character.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
/// The part of a request target before '?', and the named values after it.
[[nodiscard]] std::pair<std::string, std::map<std::string, std::string>> split_target(std::string_view target);

}  // namespace lamp::cloud
