#include "cli/sim/vhci_bus.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "cli/sim/usbip_session.hpp"
#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint32_t kBusNumber = 1U << 16;  // a device id is bus and device number
constexpr milliseconds kPortPause{20}, kBreath{1};
constexpr std::chrono::seconds kLetGoTime{10}, kEnumerationTime{60};  // an emulated machine is slow
constexpr std::size_t kPiece = 65536;
constexpr const char* kStream = "USB/IP stream";

/// A device and, while it is plugged in, its connection.
struct VhciSlot {
  VhciSlot(std::unique_ptr<UsbDevice> plugged, unsigned at) : device{std::move(plugged)}, port{at} {}
  [[nodiscard]] std::uint32_t id() const noexcept { return kBusNumber | (port + 1); }

  std::unique_ptr<UsbDevice> device;
  unsigned port;
  std::optional<posix::Descriptor> stream;
  std::optional<UsbipSession> session;
  std::optional<steady_clock::time_point> returns, gives_up;
};

void send_all(const posix::Descriptor& stream, ByteView bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(stream.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;  // the kernel hung up: the next read says so
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

}  // namespace

/// All devices live in one thread, as they do behind umockdev.
struct VhciBus::Impl {
  Impl(milliseconds away, VhciController at) : restart{away}, controller{std::move(at)} {}

  /// Gives false when the port is still busy.
  bool connect(VhciSlot& slot) {
    auto stream = controller.attach(slot.port, slot.id());
    if (!stream) return false;
    slot.session.emplace(*slot.device, slot.id());
    slot.stream.emplace(std::move(*stream));
    slot.returns.reset();
    return true;
  }

  static void hang_up(VhciSlot& slot) {
    slot.stream.reset();
    slot.session.reset();
  }

  void come_back(VhciSlot& slot) {
    if (connect(slot)) return;
    if (steady_clock::now() > slot.gives_up)
      throw Error{Errc::unavailable,
                  "port " + std::to_string(slot.port) + " of the virtual host controller stays busy"};
    slot.returns = steady_clock::now() + kPortPause;
  }

  /// The kernel pulled it out; it stays out.
  static bool read_stream(VhciSlot& slot) {
    std::array<std::uint8_t, kPiece> piece;
    const auto count = ::recv(slot.stream->get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) return false;
    slot.session->receive(ByteView{piece}.first(static_cast<std::size_t>(count)));
    return true;
  }

  void serve(VhciSlot& slot, bool readable) {
    if (readable && !read_stream(slot)) return hang_up(slot);
    slot.session->run_pending();
    send_all(*slot.stream, slot.session->take_output());
    if (!slot.session->has_left()) return;
    hang_up(slot);
    if (!slot.device->comes_back()) return;
    slot.device->power_cycle();
    slot.returns = steady_clock::now() + restart;
    slot.gives_up = *slot.returns + kLetGoTime;
  }

  void serve_all(const std::vector<pollfd>& polled) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      auto& slot = *slots[i];
      const bool readable = i + 1 < polled.size() && polled[i + 1].revents != 0;
      const auto served = attempt([&]() -> std::monostate {
        if (slot.stream) serve(slot, readable);
        if (slot.returns && *slot.returns <= steady_clock::now()) come_back(slot);
        return {};
      });
      if (const auto* error = std::get_if<Error>(&served)) {
        hang_up(slot);
        slot.returns.reset();
        if (!failure) failure = *error;
      }
    }
    changed.notify_all();
  }

  /// The wake-up's descriptor, then one for each slot; negative ones are passed over.
  [[nodiscard]] std::vector<pollfd> what_to_wait_for() const {
    std::vector<pollfd> wanted{{wake.get(), POLLIN, 0}};
    for (const auto& slot : slots) wanted.push_back({slot->stream ? slot->stream->get() : -1, POLLIN, 0});
    return wanted;
  }

  [[nodiscard]] int patience() const {
    const bool restless = std::any_of(slots.begin(), slots.end(), [](const auto& slot) {
      return slot->returns || (slot->session && slot->session->is_waiting());
    });
    return restless ? static_cast<int>(kBreath.count()) : -1;
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock{mutex};
    while (!stop.stop_requested()) {
      auto wanted = what_to_wait_for();
      const int time = patience();
      lock.unlock();
      ::poll(wanted.data(), wanted.size(), time);
      if (wanted.front().revents != 0) {
        std::uint64_t rings = 0;
        (void)posix::read_some(wake, {reinterpret_cast<std::uint8_t*>(&rings), sizeof rings}, kStream);
      }
      lock.lock();
      serve_all(wanted);
    }
  }

  void ring() const {
    const std::uint64_t one = 1;
    posix::write_all(wake, {reinterpret_cast<const std::uint8_t*>(&one), sizeof one}, kStream);
  }

  milliseconds restart;
  VhciController controller;
  posix::Descriptor wake{::eventfd(0, EFD_CLOEXEC)};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<VhciSlot>> slots;
  std::optional<Error> failure;
  std::jthread server{[this](const std::stop_token& stop) { run(stop); }};
};

VhciBus::VhciBus(milliseconds restart, VhciController controller)
    : impl_{std::make_unique<Impl>(restart, std::move(controller))} {}

VhciBus::~VhciBus() {
  impl_->server.request_stop();
  (void)attempt([&]() -> std::monostate {
    impl_->ring();
    return {};
  });
}

void VhciBus::plug_in(std::unique_ptr<UsbDevice> device) {
  Impl& bus = *impl_;
  std::unique_lock lock{bus.mutex};
  auto slot = std::make_unique<VhciSlot>(std::move(device), bus.controller.free_port());
  if (!bus.connect(*slot))
    throw Error{Errc::unavailable, "another program took port " + std::to_string(slot->port) + "; try again"};
  const auto& plugged = *bus.slots.emplace_back(std::move(slot));
  bus.ring();
  const bool configured = bus.changed.wait_for(
      lock, kEnumerationTime, [&] { return bus.failure || (plugged.session && plugged.session->is_configured()); });
  if (bus.failure) throw Error{bus.failure->code(), bus.failure->what()};
  if (!configured)
    throw Error{Errc::unavailable, "the kernel did not enumerate the device at port " + std::to_string(plugged.port) +
                                       " of the virtual host controller; 'dmesg' tells more"};
}

void VhciBus::rethrow_failure() {
  const std::lock_guard lock{impl_->mutex};
  if (const auto& failure = impl_->failure) throw Error{failure->code(), failure->what()};
}

}  // namespace lamp::sim
