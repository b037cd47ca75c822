// Chips of Espressif that sign with a key in their eFuses. The station makes the key and has espefuse burn it, read-
// and write-protected; the credential block goes into flash and is read back; then JTAG is closed and read back, and
// download mode last, after which a real chip says nothing any more. lamp-device(5), ESP-EFUSE, says what is recorded.
#pragma once

#include "lib/base/error.hpp"
#include "manufacturing/adapter.hpp"
#include "manufacturing/esp_efuse.hpp"

namespace lamp::manufacturing {

class LampAdapter;

class EspAdapter final : public Adapter {
 public:
  EspAdapter(std::unique_ptr<EspPort> chip, Bench& bench, std::string port, const Models& models,
             Botan::RandomNumberGenerator& rng);
  EspAdapter(const EspAdapter&) = delete;
  EspAdapter& operator=(const EspAdapter&) = delete;
  ~EspAdapter() override;

  [[nodiscard]] KeyOrigin key_origin() const noexcept override { return KeyOrigin::made_by_station; }
  [[nodiscard]] Part identify() override;
  [[nodiscard]] Bytes make_key(ByteView announced, const BeforeEffect& before_effect) override;
  [[nodiscard]] Bytes request(const std::string& serial) override;
  [[nodiscard]] std::optional<firmware::DeviceKey> key_for_block() override { return std::nullopt; }
  [[nodiscard]] Bytes install(ByteView block) override;
  [[nodiscard]] Evidence prove(ByteView spki) override;
  [[nodiscard]] std::string lock() override;
  [[nodiscard]] LockEvidence lock_evidence() const noexcept override;
  void reset() override;
  [[nodiscard]] bool has_returned() override;

 private:
  void recognise(const Models& models);
  [[nodiscard]] Error error(Errc code, const std::string& what) const;
  [[nodiscard]] EspPort& chip();
  [[nodiscard]] EspEfuse fuses();
  [[nodiscard]] const firmware::EspSettings& places() const { return *profile_->esp; }
  /// What the flash holds; nothing when there is no whole one.
  [[nodiscard]] std::optional<SecureBytes> block_in_flash();
  [[nodiscard]] std::string leftovers(const EfuseSummary& summary);

  Bench& bench_;
  std::string port_;
  Botan::RandomNumberGenerator& rng_;
  std::unique_ptr<EspPort> chip_;
  const firmware::DeviceProfile* profile_ = nullptr;
  std::unique_ptr<LampAdapter> application_;  ///< after the restart, where its program speaks
};

}  // namespace lamp::manufacturing
