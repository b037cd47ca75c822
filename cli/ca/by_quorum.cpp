#include "cli/ca/by_quorum.hpp"

#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

/// The host gives out the opened token while this lives.
class Lent {
 public:
  Lent(Host& host, std::string name, hsm::Token& token) : host_{host}, name_{std::move(name)} {
    host_.lend(name_, token);
  }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { host_.take_back(name_); }

 private:
  Host& host_;
  std::string name_;
};

void say_done(std::ostream* json, const std::string& quorum, const ActRequest& request, bool done) {
  if (json == nullptr) return;
  const nlohmann::json all{
      {"quorum", quorum}, {"act", quorum + "." + request.kind + "." + request.what}, {"done", done}};
  *json << all.dump(2) << '\n';
}

}  // namespace

GuardedKey key_of_authority(const config::Site& site, const std::string& quorum, const std::string& authority) {
  return {quorum, authority_token(site, authority), "authority " + authority};
}

Exit by_quorum(Host& host, const GuardedKey& key, const ActRequest& request, const std::function<void()>& work,
               std::ostream* json) {
  const auto roster = known_quorum(host, key.quorum);
  if (key.token != roster.token_label)
    throw Error{Errc::denied, "the key of " + key.whose + " is in token '" + key.token + "', quorum " + key.quorum +
                                  " guards token '" + roster.token_label + "'"};
  QuorumAct act{host, roster, request};
  if (act.used_up()) {
    say_done(json, key.quorum, request, true);
  } else {
    if (!act.approved()) {
      say_done(json, key.quorum, request, act.done_before());
      host.finish();
      return act.waiting();
    }
    auto& session = act.open();
    {
      const Lent lent{host, key.token, session.token()};
      work();
    }
    session.renew(host.world().rng);
  }
  act.finish({account_name(), "ca.quorum", request.what, {{"kind", request.kind}, {"quorum", key.quorum}}});
  host.world().out << "quorum " << key.quorum << ": done; its token has a new PIN\n";
  host.finish();
  return Exit::ok;
}

}  // namespace lamp::cli
