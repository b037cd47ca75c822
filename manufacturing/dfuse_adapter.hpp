// STM32 parts behind their system boot loader. The station makes the key and writes it, then the credential block that
// holds it, reads both back, sets readout protection level 2, reads that back, and lets the application start: only
// what the application signs proves the lock. lamp-device(5), DFUSE, says where things go.
#pragma once

#include "lib/base/error.hpp"
#include "manufacturing/adapter.hpp"
#include "manufacturing/dfuse_session.hpp"

namespace lamp::manufacturing {

class LampAdapter;

class DfuseAdapter final : public Adapter {
 public:
  DfuseAdapter(std::unique_ptr<DfuPort> dfu, Bench& bench, std::string port, const Models& models,
               Botan::RandomNumberGenerator& rng);
  DfuseAdapter(const DfuseAdapter&) = delete;
  DfuseAdapter& operator=(const DfuseAdapter&) = delete;
  ~DfuseAdapter() override;

  [[nodiscard]] KeyOrigin key_origin() const noexcept override { return KeyOrigin::made_by_station; }
  [[nodiscard]] Part identify() override;
  [[nodiscard]] Bytes make_key(ByteView announced, const BeforeEffect& before_effect) override;
  [[nodiscard]] Bytes request(const std::string& serial) override;
  [[nodiscard]] std::optional<firmware::DeviceKey> key_for_block() override;
  [[nodiscard]] Bytes install(ByteView block) override;
  [[nodiscard]] Evidence prove(ByteView spki) override;
  [[nodiscard]] std::string lock() override;
  void reset() override;
  [[nodiscard]] bool has_returned() override;

 private:
  void recognise(const Models& models);
  [[nodiscard]] Error error(Errc code, const std::string& what) const;
  [[nodiscard]] DfuseSession& session();
  [[nodiscard]] const firmware::DfuseSettings& places() const { return *profile_->dfuse; }
  [[nodiscard]] Bytes unique_id();
  /// What the flash holds; nothing when there is no whole one.
  [[nodiscard]] std::optional<firmware::DeviceKey> key_in_flash();
  [[nodiscard]] std::optional<SecureBytes> block_in_flash();
  [[nodiscard]] std::size_t key_page_size();
  [[nodiscard]] std::string leftovers();

  Bench& bench_;
  std::string port_;
  Botan::RandomNumberGenerator& rng_;
  std::unique_ptr<DfuPort> dfu_;
  std::optional<DfuseSession> session_;
  const firmware::DeviceProfile* profile_ = nullptr;
  std::unique_ptr<LampAdapter> application_;  ///< after the restart
  bool was_away_ = false;
};

}  // namespace lamp::manufacturing
