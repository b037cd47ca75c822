#include "cli/sim/usb_bus.hpp"

#include <dlfcn.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "cli/sim/uevent_sender.hpp"
#include "cli/sim/usb_port.hpp"
#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

constexpr std::size_t kPorts = 120;  // a bus has 127 addresses

struct ObjectUnref {
  void operator()(gpointer object) const noexcept { g_object_unref(object); }
};
template <class T>
using Object = std::unique_ptr<T, ObjectUnref>;

/// Takes over what a GLib call said went wrong.
void require(gboolean succeeded, GError* error, std::string_view doing) {
  if (succeeded) return;
  std::string message{doing};
  message += ": ";
  message += error != nullptr ? error->message : "unknown failure";
  g_clear_error(&error);
  throw Error{Errc::unavailable, message};
}

std::string three_digits(std::size_t number) {
  const auto digits = std::to_string(number);
  return std::string(3 - digits.size(), '0') + digits;
}

/// Where port n (from 1) appears. Address 1 is the root hub's.
struct Place {
  explicit Place(std::size_t port)
      : device_path{"/devices/pci0000:00/0000:00:14.0/usb1/1-" + std::to_string(port)},
        address{port + 1},
        node{"bus/usb/001/" + three_digits(address)},
        sysfs_path{"/sys" + device_path} {}
  std::string device_path;
  std::size_t address;
  std::string node;
  std::string sysfs_path;
};

/// What the kernel tells of a USB device in its uevents.
std::vector<std::string> properties(const Place& place) {
  return {"BUSNUM=001", "DEVNUM=" + three_digits(place.address),     "DEVNAME=/dev/" + place.node, "DEVTYPE=usb_device",
          "MAJOR=189",  "MINOR=" + std::to_string(place.address - 1)};
}

/// umockdev's description of a device: udev properties, sysfs attributes, and the binary descriptors file.
std::string description(const Place& place, const UsbDescriptors& descriptors) {
  const auto number = std::to_string(place.address);
  std::string text = "P: " + place.device_path + "\nN: " + place.node + "\nE: SUBSYSTEM=usb\n";
  for (const auto& property : properties(place)) text += "E: " + property + '\n';
  const auto& device = descriptors.device;
  const auto word = [&](std::size_t at) { return hex(Bytes{device.at(at + 1), device.at(at)}); };
  return text + "A: busnum=1\\n\nA: devnum=" + number +
         "\\n\nA: speed=480\\n\nA: bConfigurationValue=1\\n\nA: idVendor=" + word(8) + "\\n\nA: idProduct=" + word(10) +
         "\\n\nH: descriptors=" + hex(device) + hex(descriptors.configuration) + "\n\n";
}

std::filesystem::path root_of(UMockdevTestbed* testbed) {
  gchar* const root = umockdev_testbed_get_root_dir(testbed);
  std::filesystem::path path{root};
  g_free(root);
  return path;
}

gboolean on_ioctl(UMockdevIoctlBase* /*base*/, UMockdevIoctlClient* client, gpointer port) {
  static_cast<UsbPort*>(port)->answer(client);
  return TRUE;
}

void on_client_connected(UMockdevIoctlBase* /*base*/, UMockdevIoctlClient* client, gpointer port) {
  static_cast<UsbPort*>(port)->greet(client);
}

void on_client_vanished(UMockdevIoctlBase* /*base*/, UMockdevIoctlClient* client, gpointer port) {
  static_cast<UsbPort*>(port)->forget(client);
}

}  // namespace

struct UsbBus::Impl {
  using Clock = std::chrono::steady_clock;

  struct Slot {
    Slot(Impl& bus, std::size_t number, std::unique_ptr<UsbDevice> device)
        : place{number},
          port{std::move(device), [this, &bus] { bus.plan(*this, &Impl::restart, {}); },
               [this, &bus] { bus.plan(*this, &Impl::take_out, bus.times.swap / 2); }} {
      g_signal_connect(ioctls.get(), "handle-ioctl", G_CALLBACK(on_ioctl), &port);
      g_signal_connect(ioctls.get(), "client-connected", G_CALLBACK(on_client_connected), &port);
      g_signal_connect(ioctls.get(), "client-vanished", G_CALLBACK(on_client_vanished), &port);
    }
    Place place;
    UsbPort port;
    Object<UMockdevIoctlBase> ioctls{umockdev_ioctl_base_new()};
    std::unique_ptr<UsbDevice> next;
    bool is_attached = false;
  };

  using Deed = void (Impl::*)(Slot& slot);
  struct Plan {
    Slot* slot;
    Deed deed;
  };

  explicit Impl(const BusTimes& given) : times{given} {}

  void plan(Slot& slot, Deed deed, std::chrono::milliseconds after) {
    const std::lock_guard lock{mutex};
    plans.emplace(Clock::now() + after, Plan{&slot, deed});
    wake.notify_one();
  }

  void tell(std::string_view action, const Place& place) {
    std::string list;
    for (const auto& property : properties(place)) (list += property) += '\0';
    uevents.send(action, place.device_path, list);
  }

  /// A node without its ioctls would be opened by whoever is quick: it comes after them, and they stay when it goes.
  /// To close their socket would cut off who has opened the node and is about to be connected.
  void appear(Slot& slot) {
    GError* error = nullptr;
    const auto node = "/dev/" + slot.place.node;
    if (!std::exchange(slot.is_attached, true)) {
      slot.port.give_bell(std::make_unique<Doorbell>(root / ("bell-" + std::to_string(slot.place.address))));
      require(umockdev_testbed_attach_ioctl(testbed.get(), node.c_str(), slot.ioctls.get(), &error), error,
              "attaching to " + node);
    }
    require(umockdev_testbed_add_from_string(testbed.get(), description(slot.place, slot.port.descriptors()).c_str(),
                                             &error),
            error, "adding a virtual USB device");
    slot.port.hang_bell(root / "dev" / slot.place.node);
    tell("add", slot.place);
  }

  void disappear(const Slot& slot) {
    tell("remove", slot.place);
    umockdev_testbed_remove_device(testbed.get(), slot.place.sysfs_path.c_str());
  }

  void restart(Slot& slot) {
    disappear(slot);
    if (slot.port.comes_back()) plan(slot, &Impl::come_back, times.restart);
  }

  void come_back(Slot& slot) {
    slot.port.come_back();
    appear(slot);
    count([](Tally& so_far) { ++so_far.restarts; });
  }

  void take_out(Slot& slot) {
    if (!supply) return;
    slot.next = supply();
    if (!slot.next) return;
    slot.port.pull_out();
    disappear(slot);
    plan(slot, &Impl::put_in_next, times.swap - times.swap / 2);
  }

  void put_in_next(Slot& slot) {
    slot.port.put_in(std::move(slot.next));
    appear(slot);
    count([](Tally& so_far) { ++so_far.swaps; });
  }

  template <class Count>
  void count(Count&& in) {
    const std::lock_guard lock{mutex};
    in(tally);
  }

  /// The uevents must not come from inside an ioctl, so a thread of the bus's own sends them.
  void work(const std::stop_token& stop) {
    std::unique_lock lock{mutex};
    while (!stop.stop_requested()) {
      if (plans.empty()) {
        (void)wake.wait(lock, stop, [this] { return !plans.empty(); });
        continue;
      }
      const auto first = plans.begin();
      if (const auto due = first->first; due > Clock::now()) {
        (void)wake.wait_until(lock, stop, due, [&] { return plans.begin()->first < due; });
        continue;
      }
      const auto next = first->second;
      plans.erase(first);
      lock.unlock();
      const auto done = attempt([&]() -> std::monostate {
        (this->*next.deed)(*next.slot);
        return {};
      });
      lock.lock();
      if (const auto* error = std::get_if<Error>(&done); error != nullptr && !failure) failure = *error;
    }
  }

  BusTimes times;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::multimap<Clock::time_point, Plan> plans;
  std::optional<Error> failure;
  Tally tally;
  std::function<std::unique_ptr<UsbDevice>()> supply;
  std::vector<std::unique_ptr<Slot>> slots;
  Object<UMockdevTestbed> testbed{umockdev_testbed_new()};  // its end joins the ioctl thread: before the slots go
  std::filesystem::path root{root_of(testbed.get())};
  UeventSender uevents{root};
  std::jthread worker{[this](const std::stop_token& stop) { work(stop); }};
};

bool UsbBus::is_possible() noexcept {
  // umockdev_in_mock_environment() only reads LD_PRELOAD, which is also set when the loader did not find the library.
  void* const preload = dlopen(kPreloadLibrary, RTLD_NOW | RTLD_NOLOAD);
  if (preload != nullptr) dlclose(preload);
  return preload != nullptr;
}

UsbBus::UsbBus(const BusTimes& times) {
  if (!is_possible()) throw Error{Errc::unavailable, "umockdev's library is not preloaded into this process"};
  impl_ = std::make_unique<Impl>(times);
}

UsbBus::~UsbBus() = default;

void UsbBus::plug_in(std::unique_ptr<UsbDevice> device) {
  Impl& bus = *impl_;
  const auto number = bus.slots.size() + 1;
  if (number > kPorts) throw Error{Errc::denied, "the virtual bus has " + std::to_string(kPorts) + " ports"};
  auto& slot = *bus.slots.emplace_back(std::make_unique<Impl::Slot>(bus, number, std::move(device)));
  bus.appear(slot);
}

void UsbBus::supply(std::function<std::unique_ptr<UsbDevice>()> next) { impl_->supply = std::move(next); }

UsbBus::Tally UsbBus::tally() {
  const std::lock_guard lock{impl_->mutex};
  return impl_->tally;
}

void UsbBus::rethrow_failure() {
  for (const auto& slot : impl_->slots) slot->port.rethrow_failure();
  const std::lock_guard lock{impl_->mutex};
  if (const auto& failure = impl_->failure) throw Error{failure->code(), failure->what()};
}

}  // namespace lamp::sim
