// fill_journal ORDER-FILE: makes every unit of an approved order in this site's journal, as if its devices had been
// worked on: with a certificate that the station's authority signed, a lock signed by the key in it, a claim code's
// verifier and the code sealed to the escrow key. Only the devices are missing. For tests and figures that need more
// units than virtual devices make in their time.
#include <botan/auto_rng.h>
#include <botan/ecdsa.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <iostream>

#include "cli/host.hpp"
#include "lib/base/error.hpp"
#include "lib/binding/claim.hpp"
#include "lib/binding/escrow.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/profile.hpp"
#include "lib/pki/records.hpp"
#include "manufacturing/journal.hpp"

namespace {

using namespace lamp;
using namespace lamp::manufacturing;

constexpr std::uint64_t kAtOnce = 200;
constexpr const char* kAuthority = "device";

struct Begun {
  std::string chip, serial;
  MacAddress mac = MacAddress::from_number(2);
  Bytes spki;
  LockProof proof;
  pki::Reserved reserved;
};

class Filler {
 public:
  Filler(cli::Host& host, Order order)
      : host_{host},
        order_{std::move(order)},
        key_{host.token(host.site().person(order_.station).token).signing_key(kAuthority)},
        authority_{kAuthority, pki::load_chain(host.site().root / "ca" / kAuthority / "chain.pem"), *key_},
        profile_{pki::Profile::load(host.site().template_file("profiles", "idevid.yaml"))},
        escrow_{host.public_token("escrow").public_key("escrow")->raw_public_key_bits()} {
    for (auto& name : profile_.alternative_names)
      if (name.kind == pki::AlternativeName::Kind::hardware_module) name.hardware_type = "1.3.6.1.4.1.32473.1.1";
  }

  void fill(const OrderLine& line, std::uint64_t from, std::uint64_t many) {
    std::vector<Begun> some;
    host_.database().write([&](store::Transaction& t) {
      (void)import_order(t, order_, host_.now());
      some.clear();
      for (auto index = from; index < from + many; ++index) some.push_back(begin(t, line, index));
    });
    std::vector<Bytes> certificates;
    for (const auto& begun : some) certificates.push_back(authority_.sign(begun.reserved, rng_));
    host_.database().write([&](store::Transaction& t) {
      for (std::size_t i = 0; i < some.size(); ++i) finish(t, line, some[i], certificates[i]);
    });
  }
  [[nodiscard]] const Order& order() const noexcept { return order_; }

 private:
  Begun begin(store::Transaction& t, const OrderLine& line, std::uint64_t index) {
    Begun begun{hex(rng_.random_vec<Bytes>(16)), line.serial(index), line.mac(index), {}, {}, {}};
    const Botan::ECDSA_PrivateKey key{rng_, Botan::EC_Group::from_name("secp256r1")};
    begun.spki = Botan::X509::BER_encode(key);
    begun.proof = {rng_.random_vec<Bytes>(kNonceSize), Lifecycle::locked, DebugPort::locked, {}};
    begun.proof.signature = Botan::PK_Signer{key, rng_, "SHA-256"}.sign_message(
        proof_message(begun.proof.nonce, begun.serial, begun.proof.state, begun.proof.debug_port), rng_);
    begun.reserved =
        authority_.reserve(t, profile_, {{"serial", begun.serial}, {"model", line.model}, {"mac", begun.mac.text()}},
                           *Botan::X509::load_key(begun.spki), host_.now(), rng_, order_.id);
    return begun;
  }

  void finish(store::Transaction& t, const OrderLine& line, const Begun& begun, const Bytes& certificate) {
    authority_.commit(t, begun.reserved, certificate, host_.now());
    const auto code = binding::make_claim_code(rng_);
    const auto claim = binding::ClaimVerifier::make(code, rng_);
    cbor::MapWriter boxes;
    boxes.add("claim-code", cbor::bytes_item(crypto::seal(code.expose_secret(), escrow_,
                                                          binding::escrow_context(begun.serial, "claim-code"), rng_)));
    t.execute(
        "INSERT INTO unit (chip_id, order_id, model, serial, mac, state, port, spki, certificate_serial, tbs, "
        "certificate, block_digest, escrow, claim_salt, claim_verifier, lock_answer, updated) "
        "VALUES (?, ?, ?, ?, ?, ?, '1-1', ?, ?, ?, ?, ?, ?, ?, ?, 'locked, debug port locked; filled in', ?)",
        {begun.chip, order_.id, line.model, begun.serial, static_cast<std::int64_t>(begun.mac.number()),
         static_cast<std::int64_t>(UnitState::done), begun.spki, begun.reserved.serial, begun.reserved.tbs, certificate,
         Bytes(32, 1), boxes.encoded(), claim.salt, claim.verifier, unix_seconds(host_.now())});
    t.execute("INSERT INTO unit_lock (chip_id, nonce, lifecycle, debug_port, signature) VALUES (?, ?, 3, 1, ?)",
              {begun.chip, begun.proof.nonce, begun.proof.signature});
    t.execute("INSERT INTO unit_step (chip_id, number, at, step, port) VALUES (?, 1, ?, 'done', '1-1')",
              {begun.chip, unix_seconds(host_.now())});
  }

  cli::Host& host_;
  Order order_;
  std::shared_ptr<Botan::Private_Key> key_;
  pki::Authority authority_;
  pki::Profile profile_;
  Bytes escrow_;
  Botan::AutoSeeded_RNG rng_;
};

void fill(const char* file) {
  cli::RealWorld real;
  cli::Host host{real.world()};
  host.database().migrate(pki::schema());
  host.database().migrate(journal_schema());
  Filler filler{host, Order::load(file)};
  for (const auto& line : filler.order().lines)
    for (std::uint64_t done = 0; done < line.quantity; done += kAtOnce)
      filler.fill(line, done, std::min(kAtOnce, line.quantity - done));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    fill(argv[1]);
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "fill_journal: " << e.what() << '\n';
    return 3;
  }
}
