#include "cli/sim/slow_device.hpp"

#include <algorithm>

namespace lamp::sim {

namespace {

using manufacturing::Operation;
using std::chrono::steady_clock;

bool takes_time(Operation operation) {
  return operation == Operation::generate || operation == Operation::install || operation == Operation::prove ||
         operation == Operation::lock || operation == Operation::request;
}

}  // namespace

Outcome SlowDevice::bulk_out(ByteView data) {
  if (takes_time(frames_.begins_with(data))) {
    until_ = steady_clock::now() + step_;
    ++worked_;
  }
  return UsbWrapper::bulk_out(data);
}

Outcome SlowDevice::bulk_in(std::size_t most, Bytes& data) {
  return steady_clock::now() < until_ ? Outcome::nak : UsbWrapper::bulk_in(most, data);
}

void SlowDevice::power_cycle() {
  until_ = {};
  frames_.forget();
  UsbWrapper::power_cycle();
}

void SlowDevice::clear_halt(std::uint8_t endpoint) {
  frames_.forget();
  UsbWrapper::clear_halt(endpoint);
}

void SlowDevice::bus_reset() {
  frames_.forget();
  UsbWrapper::bus_reset();
}

steady_clock::time_point SlowDevice::busy_until() const { return std::max(until_, UsbWrapper::busy_until()); }

}  // namespace lamp::sim
