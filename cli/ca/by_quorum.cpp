#include "cli/ca/by_quorum.hpp"

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

}  // namespace

Exit by_quorum(Host& host, const std::string& quorum, const std::string& signer, const ActRequest& request,
               const std::function<void()>& work) {
  const auto roster = known_quorum(host, quorum);
  const auto& token = authority_token(host.site(), signer);
  if (token != roster.token_label)
    throw Error{Errc::denied, "the key of authority " + signer + " is in token '" + token + "', quorum " + quorum +
                                  " guards token '" + roster.token_label + "'"};
  QuorumAct act{host, roster, request};
  if (!act.used_up()) {
    if (!act.approved()) {
      host.finish();
      return act.waiting();
    }
    auto& session = act.open();
    {
      const Lent lent{host, token, session.token()};
      work();
    }
    session.renew(host.world().rng);
  }
  act.finish({account_name(), "ca.quorum", request.what, {{"kind", request.kind}, {"quorum", quorum}}});
  host.world().out << "quorum " << quorum << ": done; its token has a new PIN\n";
  host.finish();
  return Exit::ok;
}

}  // namespace lamp::cli
