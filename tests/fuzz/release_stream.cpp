// A release read in order, as one that does not fit into memory is: the same answers as when it is read whole, and
// nothing given out that was not checked.
#include <algorithm>

#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lamp;
using namespace lamp::firmware;

/// The seeds' key-encryption key.
SymmetricKey kek(std::size_t size) { return SymmetricKey{SecureBytes(size, 0x4b)}; }

class CheckedSink final : public StagedSink {
 public:
  explicit CheckedSink(const Manifest& manifest) : manifest_{manifest} {}
  void write(ByteView bytes) override { append(all_, bytes); }
  void commit() override {
    fuzz::require(all_.size() == manifest_.image_size, "an image of another size was given out");
    fuzz::require(sha256(all_) == manifest_.image_digest, "another image was given out");
  }

 private:
  const Manifest& manifest_;
  Bytes all_;
};

void decrypt(const EnvelopeHead& head, ByteView payload) {
  const auto manifest = fuzz::read([&] { return parse_manifest(head.envelope.manifest); });
  if (!manifest) return;
  const auto info = parse_encryption_info(manifest->encryption_info);
  const auto key = fuzz::read([&] { return crypto::unwrap_key(kek(info.key_size), info.wrapped_key); });
  if (!key || key->size() != info.key_size) return;
  ViewSource source{payload};
  CheckedSink sink{*manifest};
  (void)fuzz::read([&] {
    decrypt_image(*key, *manifest, source, sink);
    return true;
  });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  const auto head = fuzz::read([&] { return parse_envelope_head(input); });
  const auto whole = fuzz::read([&] { return parse_envelope(input); });
  fuzz::require(!whole || head, "a release that has no head");
  if (!head) return 0;
  fuzz::require(head->size <= size, "a head longer than its envelope");
  const auto payload = input.subspan(head->size);
  fuzz::require(whole.has_value() == (payload.size() == head->payload_size), "the two readers disagree");
  // The head alone is enough for the head.
  const auto alone = fuzz::read([&] { return parse_envelope_head(input.first(head->size)); });
  fuzz::require(alone && alone->payload_size == head->payload_size, "the payload's bytes changed the head");
  decrypt(*head, payload);
  return 0;
}
