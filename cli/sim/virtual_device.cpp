#include "cli/sim/virtual_device.hpp"

#include <botan/ec_group.h>
#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/device/file_flash.hpp"
#include "lib/firmware/device/settings.hpp"
#include "lib/firmware/device_key.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/csr_writer.hpp"

namespace lamp::sim {

namespace {

using namespace manufacturing;

Refusal wrong_state(Lifecycle state) { return {Status::wrong_state, "device is " + std::string{name_of(state)}}; }

std::unique_ptr<Botan::Private_Key> make_session_key(Botan::RandomNumberGenerator& rng) {
  return std::make_unique<Botan::ECDH_PrivateKey>(rng, Botan::EC_Group::from_name("secp256r1"));
}

Bytes block_digest(const FlashContents& contents) {
  if (contents.credential_block.empty()) return {};
  return credential_digest(contents.credential_block);
}

std::string serial_of(const FlashContents& contents) {
  if (contents.credential_block.empty()) return {};
  return firmware::parse_credential_block(contents.credential_block).serial;
}

std::string firmware_version(const DeviceFlash& flash) {
  const firmware::device::FileFlash images{flash.image_file(), flash.contents().slot_size};
  firmware::SoftwareVerifier verifier;
  const auto settings = firmware::device::load(images, verifier);
  if (!settings) throw Error{Errc::bad_input, "the flash of " + flash.name() + " holds no firmware"};
  return settings->image(settings->active).version.text();
}

/// Why an opened block is not for this device.
std::optional<std::string> objection(ByteView encoded, const FlashContents& contents) {
  const auto parsed = attempt([&] { return firmware::parse_credential_block(encoded); });
  const auto* block = std::get_if<firmware::CredentialBlock>(&parsed);
  if (block == nullptr) return std::get<Error>(parsed).what();
  if (block->model != contents.model) return "block is for another model";
  if (block->chain.empty()) return "block holds no certificate";
  const auto certificate = attempt([&] { return pki::Certificate::parse(block->chain.front()); });
  const auto* leaf = std::get_if<pki::Certificate>(&certificate);
  if (leaf == nullptr) return "block holds something else than a certificate";
  if (!std::ranges::equal(leaf->tbs.public_key, device_key(contents)->subject_public_key()))
    return "certificate is for another key";
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Botan::Private_Key> device_key(const FlashContents& contents) {
  if (contents.private_key.empty()) throw Error{Errc::not_found, "the device has no key yet"};
  return firmware::signing_key(contents.private_key);
}

VirtualDevice::VirtualDevice(DeviceFlash flash, Botan::RandomNumberGenerator& rng, DeviceDefects defects)
    : flash_{std::move(flash)},
      defects_{std::move(defects)},
      rng_{rng},
      session_key_{make_session_key(rng)},
      debug_port_{flash_.contents().debug_port} {}
VirtualDevice::VirtualDevice(VirtualDevice&&) noexcept = default;
VirtualDevice::~VirtualDevice() = default;

void VirtualDevice::power_cycle() {
  flash_.power_cycle();
  session_key_ = make_session_key(rng_);
  debug_port_ = flash_.contents().debug_port;
}

Response VirtualDevice::answer(const Request& request) {
  auto done = attempt([&] { return std::visit([this](const auto& body) { return act(body); }, request.body); });
  auto* body = std::get_if<ResponseBody>(&done);
  return {operation_of(request.body), request.sequence,
          body != nullptr ? std::move(*body) : Refusal{Status::internal, std::get<Error>(done).what()}};
}

Bytes VirtualDevice::sign(ByteView message) {
  const auto key = device_key(flash_.contents());
  Botan::PK_Signer signer{*key, rng_, "SHA-256"};
  return signer.sign_message(message, rng_);
}

ResponseBody VirtualDevice::act(const Identify& /*request*/) {
  const auto& contents = flash_.contents();
  return Identity{contents.model,
                  chip_id(),
                  contents.hardware_revision,
                  contents.state,
                  firmware_version(flash_),
                  crypto::SoftwareAgreementKey{*session_key_, rng_}.public_point(),
                  block_digest(contents)};
}

ResponseBody VirtualDevice::act(const Generate& request) {
  auto contents = flash_.contents();
  if (contents.state > Lifecycle::keyed) return wrong_state(contents.state);
  // Asked again after a lost answer, it gives the same key: a second one would orphan the first one's certificate.
  if (contents.state == Lifecycle::blank) {
    const Botan::ECDSA_PrivateKey key{rng_, Botan::EC_Group::from_name("secp256r1")};
    contents.private_key = Botan::PKCS8::BER_encode(key);
    contents.state = Lifecycle::keyed;
    flash_.write(contents);
  }
  const auto spki = device_key(contents)->subject_public_key();
  return GeneratedKey{spki, sign(key_message(request.nonce, spki))};
}

ResponseBody VirtualDevice::act(const Install& request) {
  auto contents = flash_.contents();
  if (contents.state != Lifecycle::keyed && contents.state != Lifecycle::provisioned)
    return wrong_state(contents.state);
  auto opened = attempt([&] {
    crypto::SoftwareAgreementKey key{*session_key_, rng_};
    return crypto::open_sealed(request.box, key, install_context(chip_id()));
  });
  auto* block = std::get_if<SecureBytes>(&opened);
  if (block == nullptr) return Refusal{Status::wrong_content, "box is not for this device's session"};
  if (const auto why = objection(*block, contents)) return Refusal{Status::wrong_content, *why};
  contents.credential_block = std::move(*block);
  contents.state = Lifecycle::provisioned;
  flash_.write(std::move(contents));
  return Installed{block_digest(flash_.contents())};
}

ResponseBody VirtualDevice::act(const Prove& request) {
  const auto& contents = flash_.contents();
  if (contents.state == Lifecycle::blank) return wrong_state(contents.state);
  const auto serial = serial_of(contents);
  return Proof{serial, contents.state, debug_port_,
               sign(proof_message(request.nonce, serial, contents.state, debug_port_))};
}

ResponseBody VirtualDevice::act(const Lock& /*request*/) {
  auto contents = flash_.contents();
  if (contents.state < Lifecycle::provisioned) return wrong_state(contents.state);
  if (contents.state == Lifecycle::provisioned && !defects_.no_lock) {
    contents.state = Lifecycle::locked;
    if (!defects_.open_port) contents.debug_port = DebugPort::locked;  // takes effect at the next power-up
    flash_.write(std::move(contents));
  }
  return Locked{};
}

ResponseBody VirtualDevice::act(const Reset& /*request*/) { return Resetting{}; }

/// Only while it has no certificate: what is signed for a locked device is its state and TLS.
ResponseBody VirtualDevice::act(const MakeRequest& request) {
  const auto& contents = flash_.contents();
  if (contents.state != Lifecycle::keyed) return wrong_state(contents.state);
  auto made = attempt([&] { return pki::write_request(request.serial, *device_key(contents), rng_); });
  if (const auto* refused = std::get_if<Error>(&made)) return Refusal{Status::wrong_content, refused->what()};
  return MadeRequest{std::get<Bytes>(std::move(made))};
}

}  // namespace lamp::sim
