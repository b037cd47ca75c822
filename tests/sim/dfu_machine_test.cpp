// USB DFU 1.1 appendix A.2: what may be asked in which state.
#include "cli/sim/dfu_machine.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/temporary_directory.hpp"

namespace lamp::sim {
namespace {

class DfuStates : public testing::Test {
 protected:
  Outcome ask(std::uint8_t request, std::uint16_t value, Bytes data) {
    Bytes moved = std::move(data);
    return machine_.control({0x21, request, value, 0, static_cast<std::uint16_t>(moved.size())}, moved);
  }
  Bytes status() {
    Bytes answer;
    EXPECT_EQ(machine_.control({0xa1, 3, 0, 0, 6}, answer), Outcome::done);
    return answer;
  }
  /// Asks until the part is not busy any more.
  Bytes settled() {
    auto answer = status();
    while (answer[4] == 4) {
      std::this_thread::sleep_for(std::chrono::milliseconds{answer[1]});
      answer = status();
    }
    return answer;
  }
  test::TemporaryDirectory directory_;
  Stm32Memory memory_{directory_ / "memory", Bytes(12, 7)};
  DfuMachine machine_{memory_};
};

TEST_F(DfuStates, ACommandIsBusyAndThenDone) {
  EXPECT_EQ(ask(1, 0, {0x21, 0, 0, 1, 8}), Outcome::done);
  EXPECT_EQ(status()[4], 4);  // dfuDNBUSY
  const auto done = settled();
  EXPECT_EQ(done[0], 0);
  EXPECT_EQ(done[4], 5);  // dfuDNLOAD-IDLE
}

TEST_F(DfuStates, AnUploadInTheMiddleOfADownloadStalls) {
  EXPECT_EQ(ask(1, 0, {0x21, 0, 0, 1, 8}), Outcome::done);
  (void)settled();
  Bytes data;
  EXPECT_EQ(machine_.control({0xa1, 2, 2, 0, 64}, data), Outcome::stall);
  EXPECT_EQ(status()[4], 10);  // dfuERROR
  EXPECT_EQ(ask(4, 0, {}), Outcome::done);
  EXPECT_EQ(status()[4], 2);  // dfuIDLE
}

TEST_F(DfuStates, ASecondDownloadBeforeTheStatusOfTheFirstStalls) {
  EXPECT_EQ(ask(1, 0, {0x21, 0, 0, 1, 8}), Outcome::done);
  EXPECT_EQ(ask(1, 2, Bytes(8, 1)), Outcome::stall);
}

TEST_F(DfuStates, AnUnknownCommandIsAnError) {
  EXPECT_EQ(ask(1, 0, {0x77}), Outcome::done);
  EXPECT_EQ(settled()[4], 10);
}

TEST_F(DfuStates, AnAddressOutsideIsAnErrorOfTheTarget) {
  EXPECT_EQ(ask(1, 0, {0x21, 0, 0, 0, 0x20}), Outcome::done);
  const auto answer = settled();
  EXPECT_EQ(answer[0], 1);  // errTARGET
  EXPECT_EQ(answer[4], 10);
}

TEST_F(DfuStates, Level1AnswersNothingButUnprotect) {
  ASSERT_EQ(memory_.program(Stm32Memory::kOptions, Bytes{0xbb}), Stm32Memory::Write::done);
  memory_.launch();
  Bytes data;
  EXPECT_EQ(machine_.control({0xa1, 2, 2, 0, 64}, data), Outcome::stall);
  EXPECT_EQ(status()[0], 11);  // errVENDOR
  EXPECT_EQ(ask(4, 0, {}), Outcome::done);
  EXPECT_EQ(ask(1, 0, {0x92}), Outcome::done);
  auto answer = status();
  std::this_thread::sleep_for(std::chrono::milliseconds{answer[1]});
  EXPECT_EQ(machine_.control({0xa1, 3, 0, 0, 6}, answer), Outcome::farewell);
  EXPECT_EQ(memory_.protection(), Stm32Memory::Protection::none);
}

TEST_F(DfuStates, Level2StaysForEver) {
  ASSERT_EQ(memory_.program(Stm32Memory::kOptions, Bytes{0xcc}), Stm32Memory::Write::done);
  EXPECT_EQ(memory_.protection(), Stm32Memory::Protection::none);
  memory_.launch();
  EXPECT_EQ(memory_.protection(), Stm32Memory::Protection::level_2);
  const Stm32Memory after_power_up{directory_ / "memory", Bytes(12, 7)};
  EXPECT_EQ(after_power_up.protection(), Stm32Memory::Protection::level_2);
}

TEST_F(DfuStates, GetCommandsListsWhatThereIs) {
  Bytes data;
  EXPECT_EQ(machine_.control({0xa1, 2, 0, 0, 64}, data), Outcome::done);
  EXPECT_EQ(data, (Bytes{0x00, 0x21, 0x41, 0x92}));
}

}  // namespace
}  // namespace lamp::sim
