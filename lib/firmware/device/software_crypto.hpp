// A device's cryptography by Botan: for virtual devices, and for gateways whose firmware is Linux.
#pragma once

#include "lib/base/secret.hpp"
#include "lib/firmware/device/updater.hpp"
#include "lib/firmware/verify.hpp"

namespace lamp::firmware::device {

class SoftwareCrypto final : public Crypto {
 public:
  explicit SoftwareCrypto(SymmetricKey kek) : kek_{std::move(kek)} {}
  using Crypto::sha256;
  [[nodiscard]] Digest sha256(ByteView bytes) override { return verifier_.sha256(bytes); }
  [[nodiscard]] bool verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) override {
    return verifier_.verifies(message, public_key, payload);
  }
  [[nodiscard]] bool decrypt(const EncryptionInfo& info, ByteView ciphertext, Sink& sink) override;
  [[nodiscard]] Digest sha256(const Flash& flash, Area area, std::uint64_t size) override;

 private:
  SymmetricKey kek_;
  SoftwareVerifier verifier_;
};

}  // namespace lamp::firmware::device
