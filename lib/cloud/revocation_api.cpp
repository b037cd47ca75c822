#include "lib/cloud/revocation_api.hpp"

#include <botan/hash.h>

#include <array>
#include <ctime>
#include <system_error>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cloud {
namespace {

namespace fs = std::filesystem;

// Short: a certificate that is revoked is to be known as such soon. Asking again costs an answer without a body.
constexpr const char* kCaching = "public, max-age=60, must-revalidate, no-transform";
constexpr std::size_t kOcspLimit = 64 * 1024;

Reply nothing_here() { return error_reply(404, "nothing here"); }

/// RFC 9110 section 5.6.7. The C library's names of days and months are English in the locale that programs start in.
std::string http_date(std::time_t at) {
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

std::string header(const Request& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? std::string{} : found->second;
}

/// One of the entity tags that a cache has is this one (RFC 9110 section 13.1.2: weak comparison).
bool has_tag(std::string_view list, std::string_view tag) {
  for (auto one : split(list, ',')) {
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

bool is_known(const Request& request, const std::string& tag, const std::string& modified) {
  const auto tags = header(request, "if-none-match");
  if (!tags.empty()) return has_tag(tags, tag);
  return !modified.empty() && header(request, "if-modified-since") == modified;
}

/// A file that publishing replaces whole. The mark is taken before the file is read, so that a cache may have newer
/// content under an older mark, never the reverse.
Reply published(const Request& request, const fs::path& file, const std::string& type) {
  std::error_code failed;
  const auto written = fs::last_write_time(file, failed);
  if (failed) return nothing_here();
  const auto size = fs::file_size(file, failed);
  if (failed) return nothing_here();
  const auto when = std::chrono::file_clock::to_sys(written);
  const auto tag = "\"" + std::to_string(when.time_since_epoch().count()) + "-" + std::to_string(size) + "\"";
  const auto modified = http_date(std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(when)));
  Reply reply{.content_type = type,
              .body = {},
              .file = file,
              .headers = {{"ETag", tag}, {"Last-Modified", modified}, {"Cache-Control", kCaching}}};
  if (is_known(request, tag, modified)) {
    reply.status = 304;
    reply.file.reset();
  }
  return reply;
}

/// OCSPResponseStatus successful: SEQUENCE, length, ENUMERATED 0. Failures are not to be kept by caches.
bool is_successful(const Bytes& response) {
  const std::size_t at = response.size() > 1 && response[1] >= 0x80 ? 2 + (response[1] & 0x7FU) : 2;
  return response.size() > at + 2 && response[at] == 0x0A && response[at + 2] == 0;
}

Reply ocsp_reply(const Bytes& response) {
  return {.content_type = "application/ocsp-response", .body = to_text(response), .file = std::nullopt};
}

Reply ocsp_by_path(const Request& request, const RevocationService& service) {
  // What is no base64 is answered like what is no request: malformedRequest.
  const auto decoded = attempt([&] { return from_base64(request.parameters.at("request")); });
  const auto* wanted = std::get_if<Bytes>(&decoded);
  const auto response = service.ocsp(wanted != nullptr ? ByteView{*wanted} : ByteView{});
  auto reply = ocsp_reply(response);
  if (!is_successful(response)) return reply;
  const auto tag =
      "\"" + hex(Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(response)).substr(0, 40) + "\"";
  reply.headers = {{"ETag", tag}, {"Cache-Control", kCaching}};
  if (is_known(request, tag, {})) {
    reply.status = 304;
    reply.body.clear();
  }
  return reply;
}

Reply revocation_list(const Request& request, const RevocationService& service) {
  const auto file = service.list(request.parameters.at("authority"), request.parameters.at("file"));
  return file ? published(request, *file, "application/pkix-crl") : nothing_here();
}

Reply own_certificate(const Request& request, const RevocationService& service) {
  const auto der = service.certificate(request.parameters.at("authority"));
  if (!der) return nothing_here();
  return {.content_type = "application/pkix-cert",
          .body = to_text(*der),
          .file = std::nullopt,
          .headers = {{"Cache-Control", kCaching}}};
}

}  // namespace

void add_revocation_routes(Router& router, const RevocationService& service) {
  const auto add = [&](const char* method, const char* pattern, auto act) {
    router.add({.method = method,
                .pattern = pattern,
                .roles = every_role(),
                .act =
                    [service, act](const Request& request) {
                      if (auto slower = service.limits.refusal(request)) return std::move(*slower);
                      return act(request, service);
                    },
                .body_limit = kOcspLimit});
  };
  add("GET", "/crl/{authority}/{file}", revocation_list);
  add("GET", "/ca/{authority}/cert.der", own_certificate);
  add("GET", "/ocsp/{request*}", ocsp_by_path);
  add("POST", "/ocsp", [](const Request& request, const RevocationService& with) {
    return ocsp_reply(with.ocsp(as_bytes(request.body)));
  });
}

}  // namespace lamp::cloud
