// What revoking costs in a register of a million certificates: printed figures, no verdict.
//   revocation_bench [CERTIFICATES [REVOKED]]      1,000,000 and 100,000 by default
#include <botan/pk_keys.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/crl.hpp"
#include "lib/pki/crl_reader.hpp"
#include "lib/pki/ocsp.hpp"
#include "lib/pki/revocation.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/pki/small_ca.hpp"

namespace {

std::atomic<int> syncs{0};
std::atomic<long> sync_microseconds{0};

template <class Call>
int counted(Call&& call) {
  const auto begin = std::chrono::steady_clock::now();
  const long result = call();
  sync_microseconds +=
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
  ++syncs;
  return static_cast<int>(result);
}

}  // namespace

// SQLite's and our own syncs come here first: the program's symbols precede those of its libraries.
extern "C" int fsync(int file) {
  return counted([&] { return ::syscall(SYS_fsync, file); });
}
extern "C" int fdatasync(int file) {
  return counted([&] { return ::syscall(SYS_fdatasync, file); });
}

namespace lamp::pki {
namespace {

using test::kNow;

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// By the clock on the wall, and of a processor: on a busy machine they are far apart.
struct Took {
  double wall, processor;
};

Took time_of(const std::function<void()>& act) {
  const auto begin = std::chrono::steady_clock::now();
  const double used = processor_seconds();
  act();
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return {wall, processor_seconds() - used};
}

double seconds_of(const std::function<void()>& act) { return time_of(act).wall; }

void print_rate(const char* what, std::size_t count, const Took& took) {
  const auto n = static_cast<double>(count);
  std::printf("%s: %.0f/s, %.0f for each second of a processor\n", what, n / took.wall, n / took.processor);
}

std::string serial_of(std::uint64_t number) {
  Bytes serial(16, 0x40);
  for (std::size_t i = 0; i < 8; ++i) serial[8 + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  return hex(serial);
}

class Bench {
 public:
  explicit Bench(std::uint64_t certificates) : certificates_{certificates} {
    ca_.database().migrate(audit::schema());
    const auto issued = ca_.issue(test::delivered_profile("idevid"), {{"serial", "SL-26-000000"}, {"model", "lamp"}},
                                  *test::make_key());
    sample_ = *ca_.database().read([&](store::Transaction& t) { return find(t, "issuing", issued.serial); });
  }

  void fill() {
    for (std::uint64_t at = 0; at < certificates_;)
      ca_.database().write([&](store::Transaction& t) {
        for (const auto end = std::min(certificates_, at + 20'000); at < end; ++at) add_one(t, at);
      });
  }

  bool revoke_one(std::uint64_t number) {
    return ca_.database().write([&](store::Transaction& t) {
      const auto record = find(t, "issuing", serial_of(number));
      if (!revoke(t, *record, "keyCompromise", kNow)) return false;
      audit::record(t, {"bench", "ca.revoke", record->identity, {{"serial", record->serial}}}, kNow, test::rng());
      return true;
    });
  }

  void measure_revoking() {
    constexpr int kRounds = 200;
    std::vector<double> work, whole;
    std::vector<int> count;
    for (int round = 0; round < kRounds; ++round) {
      const auto number = static_cast<std::uint64_t>(round) * 2'654'435'761U % certificates_;
      const int before = syncs;
      const long waited = sync_microseconds;
      const double took = seconds_of([&] { (void)revoke_one(number); });
      whole.push_back(took * 1e3);
      work.push_back(took * 1e3 - static_cast<double>(sync_microseconds - waited) * 1e-3);
      count.push_back(syncs - before);
    }
    std::sort(work.begin(), work.end());
    std::sort(whole.begin(), whole.end());
    std::sort(count.begin(), count.end());
    std::printf(
        "revoke one among %llu: %.3f ms of work (median; 90 %% below %.3f ms), %.3f ms with its syncs: %d, at most "
        "%d\n",
        static_cast<unsigned long long>(certificates_), work[kRounds / 2], work[kRounds * 9 / 10], whole[kRounds / 2],
        count[kRounds / 2], count.back());
  }

  void revoke_many(std::uint64_t count) {
    ca_.database().write([&](store::Transaction& t) {
      for (std::uint64_t number = 0; number < count; ++number)
        (void)revoke(t, *find(t, "issuing", serial_of(number)), "superseded", kNow);
    });
  }

  void measure_lists() {
    RevocationList list;
    const auto took = time_of([&] {
      list = make_list(ca_.database(), ca_.issuing(), 7, kNow, test::rng(),
                       [](store::Transaction&, const RevocationList&) {});
    });
    publish(ca_.directory() / "crl.der", ByteView{list.der});
    std::printf("full list with %zu entries (%zu kB): %.3f s, %.3f s of a processor\n", list.entries,
                list.der.size() / 1000, took.wall, took.processor);
    std::printf("reading it back: %.3f s\n", seconds_of([&] { (void)ListFacts::parse(list.der); }));
  }

  void measure_start() {
    const auto took = seconds_of([&] {
      store::Database again{ca_.directory() / "state.db"};
      again.migrate(schema());
      (void)again.read([&](store::Transaction& t) { return status_of(t, "issuing", serial_of(certificates_ / 2)); });
    });
    std::printf("cold start with %llu certificates, to the first status: %.3f s\n",
                static_cast<unsigned long long>(certificates_), took);
  }

  void measure_ocsp() {
    const auto own = ca_.issuing().chain().front();
    const OcspAuthority signing{"issuing", own, ca_.issuing()}, keyless{"issuing", own};
    std::vector<Bytes> requests;
    for (std::uint64_t i = 0; i < 2000; ++i)
      requests.push_back(encode_ocsp_request(
          {encode_certificate_id(signing.id(), OcspHash::sha1, serial_of(i * 7919 % certificates_))}, Bytes(32, 1)));
    const auto rate = [&](const char* what, const OcspAuthority& authority) {
      std::size_t answered = 0;
      const auto took = time_of([&] {
        for (const auto& request : requests)
          if (answer_ocsp(ca_.database(), {&authority, 1}, request, kNow, test::rng()).size() > 5) ++answered;
      });
      print_rate(what, answered, took);
    };
    rate("OCSP, signed on the spot with a nonce and verified, key in software, one thread", signing);
    PresignCount count;
    const auto took = time_of([&] {
      (void)attempt([&] {
        return presign_ocsp(ca_.database(), signing, std::chrono::days{7}, kNow, test::rng(), [&](const auto& so_far) {
          count = so_far;
          if (so_far.signed_now >= 20'000) throw Error{Errc::unavailable, "enough"};
        });
      });
    });
    print_rate("OCSP, signing ahead, stored", count.signed_now, took);
    for (std::size_t i = 0; i < requests.size(); ++i)
      requests[i] =
          encode_ocsp_request({encode_certificate_id(signing.id(), OcspHash::sha1, serial_of(i * 7))}, std::nullopt);
    rate("OCSP, from what was signed ahead, one thread", keyless);
  }

 private:
  void add_one(store::Transaction& t, std::uint64_t number) {
    auto record = sample_;
    record.serial = serial_of(number);
    record.identity = "SL-27-" + std::to_string(10'000'000 + number);
    record.values = "mac=" + MacAddress::from_number(0x020000000000 + number).text() + "\n";
    record.key = key_fingerprint(from_hex("300d300906072a8648ce3d0201" + record.serial));
    add(t, record);
  }

  std::uint64_t certificates_;
  test::SmallCa ca_;
  Record sample_;
};

void run(std::uint64_t certificates, std::uint64_t revoked) {
  Bench bench{certificates};
  std::printf("filling the register: %.0f s\n", seconds_of([&] { bench.fill(); }));
  bench.measure_revoking();
  bench.revoke_many(revoked);
  bench.measure_lists();
  bench.measure_start();
  bench.measure_ocsp();
}

}  // namespace
}  // namespace lamp::pki

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const auto number = [&](int index, std::uint64_t otherwise) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : otherwise;
  };
  lamp::pki::run(number(1, 1'000'000), number(2, 100'000));
  return 0;
}
