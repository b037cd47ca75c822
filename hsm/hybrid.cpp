#include "hsm/hybrid.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <algorithm>

#include "hsm/custody.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::hsm {
namespace {

constexpr std::size_t kSealingKeySize = 32;

void add_to_list(std::string& list, const std::string& what, const char* separator) {
  list += (list.empty() ? "" : separator) + what;
}

/// Shares of officers whose approval counts, until there are enough.
class HybridOpening {
 public:
  explicit HybridOpening(const HybridHandover& handed_in) : in_{handed_in} {}

  std::vector<Share> shares() {
    for (const auto& name : in_.approved) {
      if (shares_.size() == in_.roster.threshold) break;
      take(name);
    }
    if (shares_.size() < in_.roster.threshold) refuse();
    return std::move(shares_);
  }

 private:
  void take(const std::string& name) {
    const auto it = std::ranges::find(in_.contributions, name, &quorum::Contribution::officer);
    const auto dealt = std::ranges::find(in_.dealt.shares, name, &quorum::DealtShare::officer);
    if (it == in_.contributions.end() || dealt == in_.dealt.shares.end() || it->sealed_hybrid_share.empty()) {
      add_to_list(without_, name, ", ");
      return;
    }
    auto opened = attempt([&] {
      return quorum::open_share(it->sealed_hybrid_share, in_.session_key,
                                quorum::request_hybrid_share_context(in_.digest, name), *dealt);
    });
    if (const auto* why = std::get_if<Error>(&opened)) {
      if (why->code() != Errc::denied) throw Error{*why};
      add_to_list(bad_, why->what(), "; ");
    } else {
      shares_.push_back(std::move(std::get<Share>(opened)));
    }
  }

  [[noreturn]] void refuse() const {
    std::string why = "the ML-DSA key takes the shares of " + std::to_string(in_.roster.threshold) + " officers";
    if (!without_.empty()) why += "; " + without_ + " handed in none";
    if (!bad_.empty()) why += "; " + bad_;
    throw Error{Errc::denied, why + "; each of them runs '" + in_.repeat +
                                  "' again, after removing their file in approvals/ when a share is bad"};
  }

  const HybridHandover& in_;
  std::vector<Share> shares_;
  std::string without_, bad_;
};

}  // namespace

HybridDeal deal_hybrid_key(const Botan::Private_Key& key, const quorum::Roster& roster, std::uint64_t number,
                           Botan::RandomNumberGenerator& rng) {
  const SymmetricKey under{rng.random_vec(kSealingKeySize)};
  HybridDeal made;
  made.box = quorum::seal_hybrid_key(key, under, roster, number, rng);
  made.dealt = quorum::seal_hybrid_shares(roster, number, made.box,
                                          deal(under, roster.threshold, roster.officers.size(), rng), rng);
  return made;
}

std::unique_ptr<Botan::Private_Key> combine_hybrid_key(const HybridHandover& handed_in) {
  const auto under = combine_key(HybridOpening{handed_in}.shares());
  const auto box = quorum::read_hybrid(handed_in.site, handed_in.roster.name, handed_in.dealt);
  return quorum::open_hybrid_key(box, under, handed_in.roster, handed_in.dealt.number);
}

void require_every_subset_opens(const quorum::Roster& roster, const HybridDeal& deal,
                                const std::vector<Share>& opened) {
  const auto under = combine_key(opened);
  require_every_subset(opened, roster, under);
  (void)quorum::open_hybrid_key(deal.box, under, roster, deal.dealt.number);
}

}  // namespace lamp::hsm
