// A quorum of four officers with software keys, of whom two open the token: enough of them to deal the SO PIN to.
#pragma once

#include <initializer_list>
#include <utility>

#include "hsm/so_pin.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::test {

struct LargerQuorum : SmallQuorum {
  LargerQuorum() {
    approval_keys.push_back(make_p256());
    share_keys.emplace_back(Botan::system_rng(), Botan::EC_Group::from_name("secp256r1"));
    roster.officers.push_back(
        {"officer-4", certify(approval_keys.back(), "officer-4"), share_keys.back().public_value()});
  }

  [[nodiscard]] quorum::SoPin deal_so_pin() const {
    auto kept = hsm::deal_so_pin(roster, so_pin, Botan::system_rng());
    kept.sign(custody, Botan::system_rng());
    return kept;
  }
  [[nodiscard]] crypto::SoftwareAgreementKey share_key(std::size_t officer) const {
    return {share_keys[officer], Botan::system_rng()};
  }
  [[nodiscard]] std::vector<Share> open_so_shares(const quorum::SoPin& kept,
                                                  std::initializer_list<std::size_t> officers) const {
    std::vector<Share> opened;
    for (const auto officer : officers) {
      auto key = share_key(officer);
      opened.push_back(quorum::open_so_share(roster, kept, roster.officers[officer], key));
    }
    return opened;
  }

  Pin so_pin = hsm::random_pin(Botan::system_rng());
};

}  // namespace lamp::test
