#include "manufacturing/meter.hpp"

#include <utility>

namespace lamp::manufacturing {
namespace {

class MeteredFixture final : public Fixture {
 public:
  MeteredFixture(std::unique_ptr<Fixture> fixture, Times& times) : fixture_{std::move(fixture)}, times_{times} {}
  void send(ByteView frame) override {
    const Stopwatch watch{times_.device};
    fixture_->send(frame);
  }
  Bytes receive() override {
    const Stopwatch watch{times_.device};
    return fixture_->receive();
  }

 private:
  std::unique_ptr<Fixture> fixture_;
  Times& times_;
};

class MeteredDfuPort final : public DfuPort {
 public:
  MeteredDfuPort(std::unique_ptr<DfuPort> port, Times& times) : port_{std::move(port)}, times_{times} {}
  const DfuDescription& description() const noexcept override { return port_->description(); }
  void select(std::uint8_t alternate) override {
    const Stopwatch watch{times_.device};
    port_->select(alternate);
  }
  void download(std::uint16_t block, ByteView data) override {
    const Stopwatch watch{times_.device};
    port_->download(block, data);
  }
  SecureBytes upload(std::uint16_t block, std::size_t most) override {
    const Stopwatch watch{times_.device};
    return port_->upload(block, most);
  }
  Bytes status() override {
    const Stopwatch watch{times_.device};
    return port_->status();
  }
  void clear_status() override {
    const Stopwatch watch{times_.device};
    port_->clear_status();
  }
  void abort() override {
    const Stopwatch watch{times_.device};
    port_->abort();
  }

 private:
  std::unique_ptr<DfuPort> port_;
  Times& times_;
};

class MeteredEspPort final : public EspPort {
 public:
  MeteredEspPort(std::unique_ptr<EspPort> port, Times& times) : port_{std::move(port)}, times_{times} {}
  std::vector<std::string> efuse_target() const override { return port_->efuse_target(); }
  void write_flash(const std::string& chip, std::uint32_t address, ByteView bytes) override {
    const Stopwatch watch{times_.device};
    port_->write_flash(chip, address, bytes);
  }
  SecureBytes read_flash(const std::string& chip, std::uint32_t address, std::size_t size) override {
    const Stopwatch watch{times_.device};
    return port_->read_flash(chip, address, size);
  }

 private:
  std::unique_ptr<EspPort> port_;
  Times& times_;
};

}  // namespace

Plug MeteredBench::open(const std::string& port) {
  const Stopwatch watch{times_.opening};
  // Before: a device that comes in between is then taken for another one, not for this one.
  last_arrival_ = bench_.arrival(port);
  auto plug = bench_.open(port);
  if (auto* frames = std::get_if<std::unique_ptr<Fixture>>(&plug))
    return std::unique_ptr<Fixture>{std::make_unique<MeteredFixture>(std::move(*frames), times_)};
  if (auto* dfu = std::get_if<std::unique_ptr<DfuPort>>(&plug))
    return std::unique_ptr<DfuPort>{std::make_unique<MeteredDfuPort>(std::move(*dfu), times_)};
  if (auto* esp = std::get_if<std::unique_ptr<EspPort>>(&plug))
    return std::unique_ptr<EspPort>{std::make_unique<MeteredEspPort>(std::move(*esp), times_)};
  return plug;
}

void MeteredBench::wait(std::chrono::milliseconds time) {
  const Stopwatch watch{times_.device};
  bench_.wait(time);
}

std::chrono::milliseconds MeteredBench::wait_for_change(std::uint64_t seen, std::chrono::milliseconds most) {
  const Stopwatch watch{times_.device};
  return bench_.wait_for_change(seen, most);
}

}  // namespace lamp::manufacturing
