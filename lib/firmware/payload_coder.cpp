#include <botan/aead.h>
#include <botan/stream_cipher.h>

#include "lib/base/error.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kBlock = 16;

}  // namespace

struct PayloadCoder::State {
  Direction direction;
  PayloadCipher cipher;
  std::unique_ptr<Botan::AEAD_Mode> gcm;  ///< one of the two
  std::unique_ptr<Botan::StreamCipher> ctr;
  std::uint64_t done = 0;

  void count(std::uint64_t bytes) {
    if (bytes > max_image_size(cipher) - done)
      throw Error{Errc::bad_input, "the image is larger than " + std::string{name_of(cipher)} + " takes, " +
                                       std::to_string(max_image_size(cipher)) + " bytes"};
    done += bytes;
  }
  /// Whether `rest` can be the end of what is being decrypted.
  [[nodiscard]] bool can_end(const SecureBytes& rest) const {
    return direction == Direction::encrypt || rest.size() >= tag_size(cipher);
  }
};

PayloadCoder::PayloadCoder(Direction direction, const SymmetricKey& content_key, const EncryptionInfo& info)
    : state_{std::make_unique<State>()} {
  if (content_key.size() != info.key_size) throw Error{Errc::bad_input, "a content key of the wrong length"};
  state_->direction = direction;
  state_->cipher = info.cipher;
  const std::string aes = info.key_size == 32 ? "AES-256" : "AES-128";
  guarded(Errc::internal, [&] {
    if (tag_size(info.cipher) == 0) {
      state_->ctr = Botan::StreamCipher::create_or_throw("CTR-BE(" + aes + ")");
      state_->ctr->set_key(content_key.expose_secret());
      state_->ctr->set_iv(info.iv);
      return;
    }
    const auto way = direction == Direction::encrypt ? Botan::Cipher_Dir::Encryption : Botan::Cipher_Dir::Decryption;
    state_->gcm = Botan::AEAD_Mode::create_or_throw(aes + "/GCM", way);
    state_->gcm->set_key(content_key.expose_secret());
    state_->gcm->set_associated_data(payload_authenticated_data(info.protected_header));
    state_->gcm->start(info.iv);
  });
}

PayloadCoder::PayloadCoder(PayloadCoder&&) noexcept = default;
PayloadCoder::~PayloadCoder() = default;

void PayloadCoder::process(std::span<std::uint8_t> piece) {
  if (piece.size() % kBlock != 0) throw Error{Errc::internal, "a piece of a payload that is not whole blocks"};
  state_->count(piece.size());
  guarded(Errc::internal, [&] {
    if (state_->ctr)
      state_->ctr->cipher1(piece);
    else
      (void)state_->gcm->process(piece.data(), piece.size());
  });
}

bool PayloadCoder::finish(SecureBytes& rest) {
  if (!state_->can_end(rest)) return false;
  const auto tag = state_->direction == Direction::decrypt ? tag_size(state_->cipher) : 0;
  state_->count(rest.size() - tag);
  const auto finished = attempt([&] {
    return guarded(Errc::denied, [&] {
      if (state_->ctr)
        state_->ctr->cipher1(rest);
      else
        state_->gcm->finish(rest);
      return true;
    });
  });
  return std::holds_alternative<bool>(finished);
}

}  // namespace lamp::firmware
