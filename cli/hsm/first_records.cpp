#include "cli/hsm/first_records.hpp"

#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

bool can_sign_log(Host& host) {
  const auto ready = attempt([&] { return host.public_token("host").has_key("log"); });
  if (const auto* answer = std::get_if<bool>(&ready)) return *answer;
  const auto& error = std::get<Error>(ready);
  if (error.code() == Errc::not_found) return false;
  throw Error{error.code(), error.what()};
}

}  // namespace

void carry_records(Host& host) {
  if (can_sign_log(host)) {
    host.finish();
    return;
  }
  host.world().err << "lamp-hsm: note: recorded, not yet in the log: token 'host' has no key \"log\" so far\n";
}

void record_act(Host& host, const audit::Event& event) {
  host.record(event);
  carry_records(host);
}

}  // namespace lamp::cli
