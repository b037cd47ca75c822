#include "tests/manufacturing/dfuse_bench.hpp"

#include <algorithm>
#include <thread>

#include "lib/base/error.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::test {

using namespace manufacturing;
using sim::Outcome;
using sim::Setup;

namespace {

Error gone() { return Error{Errc::unavailable, "port 1-1: the device is gone"}; }

}  // namespace

sim::UsbDfusePart& DfuseBench::part_in_cable() {
  fate_.moment();
  ++transfers_;
  if (cable_ && (*cable_)-- == 0) {
    cable_.reset();
    pulled_ = true;
    part_->power_cycle();
  }
  if (pulled_ || away_) throw gone();
  return *part_;
}

void DfuseBench::left() {
  away_ = true;
  part_->power_cycle();
}

class DirectDfu final : public DfuPort {
 public:
  explicit DirectDfu(DfuseBench& bench) : bench_{bench} {
    description_ = {0x0483, 0xdf11, 0x011a, sim::DfuMachine::kTransferSize, sim::Stm32Memory::layout()};
    if (bench_.says_instead) description_ = *bench_.says_instead;
  }
  const DfuDescription& description() const noexcept override { return description_; }
  void select(std::uint8_t alternate) override {
    if (bench_.part_in_cable().set_interface(0, alternate) != Outcome::done) throw gone();
  }
  void download(std::uint16_t block, ByteView data) override {
    Bytes bytes{data.begin(), data.end()};
    transfer({0x21, 1, block, 0, static_cast<std::uint16_t>(data.size())}, bytes);
  }
  SecureBytes upload(std::uint16_t block, std::size_t most) override {
    Bytes bytes;
    transfer({0xa1, 2, block, 0, static_cast<std::uint16_t>(most)}, bytes);
    SecureBytes data{bytes.begin(), bytes.end()};
    bench_.falsify_upload(static_cast<std::uint32_t>(most), data);
    return data;
  }
  Bytes status() override {
    Bytes bytes;
    transfer({0xa1, 3, 0, 0, 6}, bytes);
    return bytes;
  }
  void clear_status() override { empty(4); }
  void abort() override { empty(6); }

 private:
  void empty(std::uint8_t request) {
    Bytes none;
    transfer({0x21, request, 0, 0, 0}, none);
  }
  void transfer(const Setup& setup, Bytes& data) {
    const auto outcome = bench_.part_in_cable().control(setup, data);
    bench_.fate_.moment();  // the part acted, its answer is lost
    if (outcome == Outcome::stall) throw Error{Errc::unavailable, "port 1-1: the device stalled"};
    if (outcome == Outcome::farewell) bench_.left();
  }
  DfuseBench& bench_;
  DfuDescription description_;
};

class DirectFrames final : public Fixture {
 public:
  explicit DirectFrames(DfuseBench& bench) : bench_{bench} { bench_.part_->clear_halt(0x01); }
  void send(ByteView frame) override {
    if (bench_.part_in_cable().bulk_out(frame) != Outcome::done) throw gone();
  }
  Bytes receive() override {
    Bytes data;
    const auto outcome = bench_.part_in_cable().bulk_in(kMaxFrameSize, data);
    if (outcome == Outcome::farewell)
      bench_.left();
    else if (outcome != Outcome::done)
      throw gone();
    return data;
  }

 private:
  DfuseBench& bench_;
};

Plug DfuseBench::open(const std::string& /*port*/) {
  pulled_ = false;  // whoever opens the port again has plugged it in again
  if (away_) {
    away_ = is_empty_after_restart;
    return {};
  }
  if (part_->runs_application()) return std::unique_ptr<Fixture>{std::make_unique<DirectFrames>(*this)};
  return std::unique_ptr<DfuPort>{std::make_unique<DirectDfu>(*this)};
}

void DfuseBench::wait(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds longest{20};
  // What is longer than the part's own work is the wait for its return.
  if (!is_empty_after_restart || time <= longest) std::this_thread::sleep_for(std::min(time, longest));
}

}  // namespace lamp::test
