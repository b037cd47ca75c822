#include "lib/firmware/payload_stream.hpp"

#include <botan/hash.h>

#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

/// Counts and digests what passes.
class Meter {
 public:
  void take(ByteView bytes) {
    hash_->update(bytes);
    size_ += bytes.size();
  }
  [[nodiscard]] Measured measured() {
    Measured out;
    hash_->final(out.digest);
    out.size = size_;
    return out;
  }

 private:
  std::unique_ptr<Botan::HashFunction> hash_ =
      guarded(Errc::internal, [] { return Botan::HashFunction::create_or_throw("SHA-256"); });
  std::uint64_t size_ = 0;
};

/// All but the last piece is full, so that a cipher gets whole blocks; the last one may be empty.
template <class Full, class Last>
void each_piece(ByteSource& source, SecureBytes& piece, Full&& full, Last&& last) {
  for (;;) {
    piece.resize(kPieceSize);
    const auto size = source.read(piece);
    if (size < kPieceSize) {
      piece.resize(size);
      return last();
    }
    full();
  }
}

bool same(const Measured& is, const Digest& digest, std::uint64_t size) {
  return is.size == size && is.digest == digest;
}

}  // namespace

Measured measure(ByteSource& source) {
  Meter meter;
  SecureBytes piece;
  const auto take = [&] { meter.take(piece); };
  each_piece(source, piece, take, take);
  return meter.measured();
}

Measured copy_measured(ByteSource& from, ByteSink& to) {
  Meter meter;
  SecureBytes piece;
  const auto take = [&] {
    meter.take(piece);
    to.write(piece);
  };
  each_piece(from, piece, take, take);
  return meter.measured();
}

EncryptedImage encrypt_image(const SymmetricKey& content_key, const EncryptionInfo& info, ByteSource& image,
                             ByteSink& payload) {
  PayloadCoder coder{PayloadCoder::Direction::encrypt, content_key, info};
  Meter clear, encrypted;
  SecureBytes piece;
  const auto pass_on = [&] {
    encrypted.take(piece);
    payload.write(piece);
  };
  each_piece(
      image, piece,
      [&] {
        clear.take(piece);
        coder.process(piece);
        pass_on();
      },
      [&] {
        clear.take(piece);
        (void)coder.finish(piece);  // encrypting: it adds the tag
        pass_on();
      });
  return {clear.measured(), encrypted.measured()};
}

void decrypt_image(const SymmetricKey& content_key, const Manifest& manifest, ByteSource& payload, StagedSink& image) {
  const auto info = parse_encryption_info(manifest.encryption_info);
  PayloadCoder coder{PayloadCoder::Direction::decrypt, content_key, info};
  Meter clear, encrypted;
  SecureBytes piece, held;  // GCM's tag may begin in the piece before the last
  bool authentic = false;
  const auto decrypted = [&](SecureBytes& bytes) {
    clear.take(bytes);
    image.write(bytes);
  };
  each_piece(
      payload, piece,
      [&] {
        encrypted.take(piece);
        if (!held.empty()) {
          coder.process(held);
          decrypted(held);
        }
        std::swap(held, piece);
      },
      [&] {
        encrypted.take(piece);
        held.insert(held.end(), piece.begin(), piece.end());
        authentic = coder.finish(held);
        if (authentic) decrypted(held);
      });
  if (!authentic || !same(encrypted.measured(), manifest.payload_digest, manifest.payload_size) ||
      !same(clear.measured(), manifest.image_digest, manifest.image_size))
    throw Error{Errc::denied, "the payload is not the one that was signed, or was encrypted under another key"};
  image.commit();
}

}  // namespace lamp::firmware
