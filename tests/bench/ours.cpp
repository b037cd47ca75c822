#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/system_rng.h>

#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "hsm/token.hpp"
#include "lib/audit/record.hpp"
#include "lib/pki/batch.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/bench/ca_bench.hpp"
#include "tests/bench/measure.hpp"
#include "tests/hsm/raw_rate.hpp"
#include "tests/pki/small_ca.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::bench {
namespace {

std::string serial_number(std::uint64_t number) {
  auto digits = std::to_string(number);
  return "SL-26-" + std::string(9 - std::min<std::size_t>(9, digits.size()), '0') + digits;
}

class DeviceAuthority {
 public:
  DeviceAuthority() : token_{test::SoftHsm::make_token("ca")}, root_key_{test::make_key("secp384r1")} {
    token_.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, "device");
    key_ = token_.signing_key("device");
    database_->migrate(audit::schema());
    database_->migrate(pki::schema());
    const auto issue = [&](const pki::Authority& by, const char* profile, const char* name,
                           const Botan::Public_Key& k) {
      return pki::issue(*database_, by, test::delivered_profile(profile), {{"name", name}, {"site", "bench"}}, k,
                        clock_.now(), test::rng(), [](auto&, const auto&) {})
          .certificate;
    };
    const auto anchor = issue(pki::Authority::self_signed("root", *root_key_), "root-ca", "root", *root_key_);
    const pki::Authority root{"root", {anchor}, *root_key_};
    const auto own = issue(root, "device-ca", "device", *key_);
    authority_ = std::make_unique<pki::Authority>("device", std::vector<Bytes>{own, anchor}, *key_);
  }

  /// Issues for these keys, or requests, with serial numbers from `first` on.
  Cost issue(const std::vector<Bytes>& inputs, bool requests, std::uint64_t first) {
    std::size_t at = 0, issued = 0;
    const pki::BatchPlace place{*database_, *authority_, *key_, profile_, clock_, test::rng()};
    const pki::BatchSteps steps{
        [&](std::vector<pki::BatchItem>& items, std::size_t most) {
          for (; at < inputs.size() && most > 0; ++at, --most) {
            pki::BatchItem item{at, {{"serial", serial_number(first + at)}, {"model", "smart-lamp"}}, {}, {}, {}, {}};
            (requests ? item.request : item.public_key_info) = inputs[at];
            items.push_back(std::move(item));
          }
        },
        [&](store::Transaction& t, std::span<const pki::BatchResult* const> fresh) { note(t, fresh); },
        [&](const std::vector<pki::BatchResult>& results) {
          for (const auto& result : results) issued += result.outcome == pki::BatchResult::Outcome::issued ? 1 : 0;
        }};
    const Stopwatch watch;
    pki::issue_batch(place, steps);
    const auto cost = watch.lap();
    if (issued != inputs.size()) throw std::runtime_error{"not all were issued"};
    return cost;
  }

  /// Rows as a batch leaves them, without the work of keys and signatures: what matters here is the register's size.
  void fill(std::uint64_t count) {
    constexpr std::uint64_t kTransaction = 8192;
    const auto model = database_->read([&](store::Transaction& t) {
      return pki::holder_of_identity(t, "device", "idevid", serial_number(0)).value();
    });
    for (std::uint64_t from = 0; from < count; from += kTransaction)
      database_->write([&](store::Transaction& t) { fill_some(t, model, from, std::min(count, from + kTransaction)); });
    // What was filled in is in its place, not in the log of the first that is measured, and no page of it is in memory.
    database_.reset();
    database_ = std::make_unique<store::Database>(directory_ / "state.db");
  }

  [[nodiscard]] std::uint64_t size_of_database() const { return std::filesystem::file_size(directory_ / "state.db"); }

 private:
  void note(store::Transaction& t, std::span<const pki::BatchResult* const> fresh) {
    std::vector<audit::Event> events;
    events.reserve(fresh.size());
    for (const auto* result : fresh)
      events.push_back({"bench",
                        "ca.issue",
                        result->identity,
                        {{"authority", "device"},
                         {"profile", "idevid"},
                         {"serial", result->serial},
                         {"key", result->key},
                         {"not-after", "9999-12-31T23:59:59Z"}}});
    audit::record(t, events, clock_.now(), test::rng());
  }

  void fill_some(store::Transaction& t, pki::Record record, std::uint64_t from, std::uint64_t to) {
    std::vector<audit::Event> events;
    const auto signature = Bytes(71, 0x30);
    for (; from < to; ++from) {
      Bytes key(32);
      test::rng().randomize(key);
      record.key = hex(key);
      record.serial = hex(pki::random_serial(clock_.now(), test::rng()));
      record.identity = "OLD-" + serial_number(from);
      record.state = pki::State::reserved;
      if (!pki::try_add(t, record)) throw std::runtime_error{"a filling row is there already"};
      pki::mark_signed(t, "device", record.serial, signature, clock_.now());
      events.push_back({"bench", "ca.issue", record.identity, {{"serial", record.serial}, {"key", record.key}}});
    }
    audit::record(t, events, clock_.now(), test::rng());
  }

  test::TemporaryDirectory directory_;
  FixedClock clock_{test::kNow};
  std::unique_ptr<store::Database> database_ = std::make_unique<store::Database>(directory_ / "state.db");
  hsm::Token token_;
  std::unique_ptr<Botan::Private_Key> root_key_;
  std::shared_ptr<Botan::Private_Key> key_;
  std::unique_ptr<pki::Authority> authority_;
  pki::Profile profile_ = test::delivered_profile("idevid");
};

void raw(const DeviceAuthority&) {
  constexpr std::uint64_t kEach = 20000;
  for (const unsigned threads : {1U, 2U}) {
    const Stopwatch watch;
    test::sign_raw(test::SoftHsm::module(), "ca", std::string{test::SoftHsm::kPin}, "device", threads, kEach);
    report("the token alone, raw signatures, sessions: " + std::to_string(threads), threads * kEach, watch.lap());
  }
}

}  // namespace

Requests make_requests(std::uint64_t count);

void ours(const Requests& requests, std::uint64_t before) {
  const test::SoftHsm softhsm;
  DeviceAuthority authority;
  raw(authority);
  const auto count = requests.keys.size();
  const auto half = static_cast<std::ptrdiff_t>(count / 2);
  const std::vector<Bytes> keys{requests.keys.begin(), requests.keys.begin() + half};
  const std::vector<Bytes> proven{requests.requests.begin() + half, requests.requests.end()};
  report("lamp-ca batch, from public keys", keys.size(), authority.issue(keys, false, 0));
  report("lamp-ca batch, from requests, each checked", proven.size(), authority.issue(proven, true, keys.size()));
  if (before == 0) return;
  authority.fill(before);
  const auto more = make_requests(count);
  const std::vector<Bytes> more_keys{more.keys.begin(), more.keys.begin() + half};
  const std::vector<Bytes> more_proven{more.requests.begin() + half, more.requests.end()};
  raw(authority);  // the machine may have become slower or faster meanwhile
  const auto with = ", " + std::to_string(before) + " before";
  report("lamp-ca batch, from public keys" + with, more_keys.size(), authority.issue(more_keys, false, count));
  report("lamp-ca batch, from requests" + with, more_proven.size(),
         authority.issue(more_proven, true, count + more_keys.size()));
  std::printf("(register and audit records on disk: %llu MiB)\n",
              static_cast<unsigned long long>(authority.size_of_database() >> 20U));
}

}  // namespace lamp::bench
