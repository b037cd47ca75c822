#include "cli/sim/device_updater.hpp"

#include <array>

#include "lib/base/stream.hpp"
#include "lib/firmware/device/receiver.hpp"

namespace lamp::sim {

namespace {

constexpr std::size_t kHeadBuffer = 16384, kPiece = 4096;

/// Reads a file to its end, or until `take` refuses a piece.
template <class Take>
firmware::Reason in_pieces(const std::filesystem::path& file, Take take) {
  FileSource source{file};
  std::array<std::uint8_t, kPiece> piece{};
  for (;;) {
    const auto length = source.read(piece);
    const auto reason = take(ByteView{piece}.first(length));
    if (reason != firmware::Reason::none || length < piece.size()) return reason;
  }
}

/// A device without a model's key decrypts nothing.
SymmetricKey key_of(const firmware::CredentialBlock& credentials) {
  if (!credentials.model_kek) return SymmetricKey{SecureBytes{}};
  const auto bytes = credentials.model_kek->expose_secret();
  return SymmetricKey{SecureBytes{bytes.begin(), bytes.end()}};
}

firmware::device::DeviceTrust trust_in(const firmware::CredentialBlock& credentials, const DeviceFlash& flash,
                                       const firmware::Application& application) {
  auto trust = firmware::application_trust(credentials, application.partner, application.name);
  if (!trust) throw Error{Errc::denied, flash.name() + " knows no partner " + application.partner};
  return std::move(*trust);
}

std::filesystem::path application_file(const DeviceFlash& flash, const firmware::Application& application) {
  const auto folder = flash.folder() / "applications";
  guarded(Errc::unavailable, [&] {
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  });
  return folder / application.text();
}

}  // namespace

firmware::CredentialBlock credentials_of(const DeviceFlash& flash) {
  const auto& block = flash.contents().credential_block;
  if (block.empty()) throw Error{Errc::denied, flash.name() + " has not been through the factory: lamp-factory run"};
  return in_context("reading the credentials of " + flash.name(),
                    [&] { return firmware::parse_credential_block(block); });
}

firmware::Outcome admit(const DeviceFlash& flash, const firmware::Application& application,
                        const firmware::ReleaseFile& release) {
  const auto trust = firmware::application_trust(credentials_of(flash), application.partner, application.name);
  if (!trust) return {firmware::Reason::other_application, "the device knows no partner " + application.partner};
  return firmware::outcome_of_step([&] {
    firmware::SoftwareVerifier verifier;
    const auto head = release.head();
    return firmware::of_application(firmware::authenticate(head.envelope, trust->keys, verifier));
  });
}

DeviceUpdater::DeviceUpdater(const DeviceFlash& flash)
    : credentials_{credentials_of(flash)},
      trust_{firmware::device_trust(credentials_)},
      flash_{flash.image_file(), flash.contents().slot_size},
      crypto_{key_of(credentials_)},
      updater_{flash_, crypto_, trust_} {}

DeviceUpdater::DeviceUpdater(const DeviceFlash& flash, const firmware::Application& application)
    : credentials_{credentials_of(flash)},
      trust_{trust_in(credentials_, flash, application)},
      flash_{application_file(flash, application), credentials_.application_slot},
      crypto_{key_of(credentials_)},
      updater_{flash_, crypto_, trust_} {}

firmware::Outcome DeviceUpdater::receive(const std::filesystem::path& release) {
  std::array<std::uint8_t, kHeadBuffer> head{};
  firmware::device::Receiver receiver{updater_, head};
  auto reason = in_pieces(release, [&](ByteView piece) { return receiver.take(piece); });
  if (reason == firmware::Reason::none && receiver.place() == firmware::PayloadPlace::detached)
    reason = in_pieces(release.parent_path() / firmware::kDetachedPayloadUri,
                       [&](ByteView piece) { return receiver.take_payload(piece); });
  return firmware::outcome_of(reason == firmware::Reason::none ? receiver.finish() : reason);
}

firmware::device::Boot DeviceUpdater::start() {
  const auto boot = updater_.boot();
  if (boot == firmware::device::Boot::trial) updater_.confirm();
  return boot;
}

}  // namespace lamp::sim
