// Devices that speak the lamp provisioning protocol, lamp-provisioning(7).
#pragma once

#include "manufacturing/adapter.hpp"
#include "manufacturing/device_session.hpp"

namespace lamp::manufacturing {

class LampAdapter final : public Adapter {
 public:
  LampAdapter(std::unique_ptr<Fixture> fixture, Bench& bench, std::string port, const Models& models,
              Botan::RandomNumberGenerator& rng);

  [[nodiscard]] KeyOrigin key_origin() const noexcept override { return KeyOrigin::made_in_device; }
  [[nodiscard]] Part identify() override;
  [[nodiscard]] Bytes make_key(ByteView announced, const BeforeEffect& before_effect) override;
  [[nodiscard]] Bytes request(const std::string& serial) override;
  [[nodiscard]] std::optional<firmware::DeviceKey> key_for_block() override { return std::nullopt; }
  [[nodiscard]] Bytes install(ByteView block) override;
  [[nodiscard]] Evidence prove(ByteView spki) override;
  [[nodiscard]] std::string lock() override;
  void reset() override;
  [[nodiscard]] bool has_returned() override;

 private:
  [[nodiscard]] DeviceSession& session();
  [[nodiscard]] bool open();

  Bench& bench_;
  std::string port_;
  const Models& models_;
  Botan::RandomNumberGenerator& rng_;
  std::unique_ptr<Fixture> fixture_;
  std::optional<DeviceSession> session_;
  Bytes chip_id_;
  Bytes session_point_;  ///< of the last identify(): another one tells of a restart
};

}  // namespace lamp::manufacturing
