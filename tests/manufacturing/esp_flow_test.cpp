// Chips of Espressif through the whole flow: espefuse's own virtual chip keeps the fuses in a file, where burnt is
// burnt; its flash lies in memory here, since esptool has no virtual one.
#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "lib/base/file.hpp"
#include "manufacturing/esp_efuse.hpp"
#include "manufacturing/label_journal.hpp"
#include "manufacturing/order_report_proof.hpp"
#include "manufacturing/station_flow.hpp"
#include "manufacturing/tool_run.hpp"
#include "tests/manufacturing/small_station.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kModel = "thread-lamp";

class VirtualChip final : public EspPort {
 public:
  VirtualChip(std::string fuses, std::map<std::uint32_t, std::uint8_t>& flash, test::Fate& fate)
      : fuses_{std::move(fuses)}, flash_{flash}, fate_{fate} {}
  std::vector<std::string> efuse_target() const override {
    fate_.moment();
    return {"--virt", "--path-efuse-file", fuses_};
  }
  void write_flash(const std::string& /*chip*/, std::uint32_t address, ByteView bytes) override {
    fate_.moment();
    for (std::size_t i = 0; i < bytes.size(); ++i) flash_[address + static_cast<std::uint32_t>(i)] = bytes[i];
    fate_.moment();
  }
  SecureBytes read_flash(const std::string& /*chip*/, std::uint32_t address, std::size_t size) override {
    SecureBytes read(size, 0xff);
    for (std::size_t i = 0; i < size; ++i)
      if (const auto at = flash_.find(address + static_cast<std::uint32_t>(i)); at != flash_.end())
        read[i] = at->second;
    return read;
  }

 private:
  std::string fuses_;
  std::map<std::uint32_t, std::uint8_t>& flash_;
  test::Fate& fate_;
};

class EspBench final : public Bench {
 public:
  explicit EspBench(test::Fate& fate) : fate_{fate} {}
  std::vector<std::string> occupied_ports() override { return {"1-1"}; }
  Plug open(const std::string& /*port*/) override {
    if (is_empty) return {};
    return std::unique_ptr<EspPort>{std::make_unique<VirtualChip>(fuses(), flash, fate_)};
  }
  void wait(std::chrono::milliseconds /*time*/) override {}
  [[nodiscard]] std::string fuses() const { return (folder_ / "fuses.bin").string(); }
  [[nodiscard]] EfuseSummary summary() const {
    return EspEfuse{"esp32h2", 0, {"--virt", "--path-efuse-file", fuses()}}.summary();
  }
  void burn(std::vector<std::string> words) const {
    std::vector<std::string> command{"espefuse",          "--chip", "esp32h2",         "--virt",
                                     "--path-efuse-file", fuses(),  "--do-not-confirm"};
    command.insert(command.end(), words.begin(), words.end());
    const auto ran = run_tool(command, {}, std::chrono::seconds{60});
    ASSERT_EQ(ran.status, 0) << ran.out << ran.err;
  }
  /// As it comes from its maker: with an address.
  void make_chip() const {
    publish(folder_ / "factory.bin", ByteView{from_hex("0153005e0000" + std::string(36, '0'))});
    burn({"burn_block_data", "BLOCK1", (folder_ / "factory.bin").string()});
  }

  std::map<std::uint32_t, std::uint8_t> flash;
  bool is_empty = false;

 private:
  test::TemporaryDirectory folder_;
  test::Fate& fate_;
};

class EspFlow : public testing::Test {
 protected:
  void SetUp() override {
    const auto found = attempt([] { return run_tool({"espefuse", "--help"}, {}, std::chrono::seconds{30}); });
    if (std::holds_alternative<Error>(found)) GTEST_SKIP() << "espefuse is not installed (Debian 13: esptool)";
    station_.order_model(kModel);
    bench_.make_chip();
  }
  Outcome run() { return station_.run_on(bench_, "1-1"); }
  std::string failure() {
    const auto ran = attempt([&] { return run(); });
    const auto* error = std::get_if<Error>(&ran);
    return error != nullptr ? error->what() : std::get<Outcome>(ran).reason;
  }
  Unit unit() { return station_.units().at(0); }

  SmallStation station_;
  EspBench bench_{station_.fate};
};

TEST_F(EspFlow, MakesALampFromABlankChipAndSaysThatItsLockIsNotSigned) {
  const auto outcome = run();
  EXPECT_EQ(outcome.result, Outcome::Result::good);
  EXPECT_EQ(outcome.serial, "TL-26-000001");
  EXPECT_EQ(unit().state, UnitState::done);
  EXPECT_THAT(unit().lock, AllOf(StartsWith(kReadBack), HasSubstr("eFuses read back: JTAG off")));
  EXPECT_FALSE(unit().proof);
  const auto summary = bench_.summary();
  EXPECT_TRUE(summary.has_key());
  EXPECT_TRUE(summary.is_locked());
}

TEST_F(EspFlow, TheReportSaysUnprovenOfALockThatNothingSigned) {
  (void)run();
  auto made = station_.station();
  made.database.migrate(label_schema());
  auto report = made.database.read([&](store::Transaction& t) { return collect_report(t, station_.order, {}); });
  report.made_at = made.clock.now();
  const auto findings = prove_units(report, {made.authority.chain().back()});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].certificate.standing, Standing::proven);
  EXPECT_EQ(findings[0].lock.standing, Standing::unproven);
  EXPECT_THAT(findings[0].lock.why, StartsWith(kReadBack));
  EXPECT_THAT(judge_report(report).objections, testing::Not(testing::Contains(HasSubstr("is done"))));
}

TEST_F(EspFlow, AFinishedChipIsFoundFinished) {
  (void)run();
  EXPECT_EQ(run().serial, "TL-26-000001");
  EXPECT_EQ(station_.certificates_issued(), 1U);
}

TEST_F(EspFlow, FinishesTheSameChipWheneverItWasKilled) {
  std::uint64_t moment = 0;
  for (bool is_done = false; !is_done; ++moment) {
    station_.fate.kill_at(moment % 7 + 1);
    try {
      is_done = run().result == Outcome::Result::good;
    } catch (const test::Killed&) {
    }
    station_.fate.live();
    if (moment % 7 == 6) is_done = run().result == Outcome::Result::good;
    ASSERT_LT(moment, 50U);
  }
  ASSERT_EQ(station_.units().size(), 1U);
  EXPECT_EQ(unit().state, UnitState::done);
  EXPECT_EQ(station_.certificates_issued(), 1U);
  EXPECT_TRUE(bench_.summary().is_locked());
}

TEST_F(EspFlow, SilenceAfterTheLockIsUnproven) {
  struct SilentLater final : Watcher {
    explicit SilentLater(EspBench& its) : bench{its} {}
    void step(const std::string&, const std::string&, std::string_view step) override {
      if (step == "lock") bench.is_empty = true;
    }
    EspBench& bench;
  } watcher{bench_};
  const auto station = station_.station();
  const auto ran = attempt([&] { return StationFlow{station, bench_, watcher}.run("1-1"); });
  ASSERT_TRUE(std::holds_alternative<Error>(ran));
  EXPECT_THAT(std::get<Error>(ran).what(), HasSubstr("its lock is unproven"));
  EXPECT_EQ(unit().state, UnitState::proven);
  EXPECT_EQ(unit().lock, "unproven");
}

TEST_F(EspFlow, AChipWithAKeyThatTheStationDidNotMakeIsRefused) {
  const EspEfuse chip{"esp32h2", 0, {"--virt", "--path-efuse-file", bench_.fuses()}};
  chip.burn_key(firmware::make_device_key("idevid", firmware::KeyCurve::p256, Botan::system_rng()));
  EXPECT_THAT(failure(), HasSubstr("a key that this station did not make"));
  EXPECT_EQ(station_.certificates_issued(), 0U);
}

TEST_F(EspFlow, AChipWhoseFusesAreNotBlankIsRefusedBeforeItIsCounted) {
  bench_.burn({"burn_efuse", "DIS_PAD_JTAG", "1"});
  EXPECT_THAT(failure(), HasSubstr("not blank: fuses of its lock are burnt"));
  EXPECT_THAT(station_.units(), IsEmpty());
}

TEST_F(EspFlow, AChipWhoseFlashIsNotEmptyIsRefusedBeforeItIsCounted) {
  bench_.flash[0x3f0000] = 0x55;
  EXPECT_THAT(failure(), HasSubstr("not blank: something is in the flash"));
  EXPECT_THAT(station_.units(), IsEmpty());
}

TEST_F(EspFlow, ABlockThatIsNotWholeAnyMoreIsRefusedBeforeTheLock) {
  struct Meddler final : Watcher {
    explicit Meddler(EspBench& its) : bench{its} {}
    void step(const std::string&, const std::string&, std::string_view step) override {
      if (step == "install") bench.flash[0x3f0000 + 200] ^= 1U;
    }
    EspBench& bench;
  } watcher{bench_};
  const auto station = station_.station();
  const auto ran = attempt([&] { return StationFlow{station, bench_, watcher}.run("1-1"); });
  ASSERT_TRUE(std::holds_alternative<Error>(ran));
  EXPECT_THAT(std::get<Error>(ran).what(), HasSubstr("no whole credential block"));
  EXPECT_FALSE(bench_.summary().is_locked());
}

}  // namespace
}  // namespace lamp::manufacturing
