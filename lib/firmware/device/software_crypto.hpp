// A device's cryptography by Botan: for virtual devices, and for gateways whose firmware is Linux.
#pragma once

#include <memory>

#include "lib/base/secret.hpp"
#include "lib/firmware/device/updater.hpp"
#include "lib/firmware/verify.hpp"

namespace lamp::firmware::device {

class SoftwareCrypto final : public Crypto {
 public:
  explicit SoftwareCrypto(SymmetricKey kek);
  SoftwareCrypto(const SoftwareCrypto&) = delete;
  SoftwareCrypto& operator=(const SoftwareCrypto&) = delete;
  ~SoftwareCrypto() override;
  using Crypto::sha256;
  [[nodiscard]] Digest sha256(ByteView bytes) override { return verifier_.sha256(bytes); }
  [[nodiscard]] bool verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) override {
    return verifier_.verifies(message, public_key, payload);
  }
  [[nodiscard]] bool start_payload(const EncryptionInfo& info) override;
  void take_payload(ByteView ciphertext, Sink& sink) override;
  [[nodiscard]] End end_payload(Sink& sink) override;
  [[nodiscard]] Digest sha256(const Flash& flash, Area area, std::uint64_t size) override;

 private:
  struct Payload;
  SymmetricKey kek_;
  SoftwareVerifier verifier_;
  std::unique_ptr<Payload> payload_;
};

}  // namespace lamp::firmware::device
