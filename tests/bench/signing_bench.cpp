// signing_bench FOLDER: encrypts and signs FOLDER/image, and beside it the passes over the bytes that this needs, each
// alone, at this moment. Printed, never asserted; see signing.sh.
#include <botan/hash.h>
#include <botan/rsa.h>
#include <botan/system_rng.h>
#include <sys/resource.h>

#include <cstdio>
#include <filesystem>

#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release_file.hpp"
#include "tests/bench/measure.hpp"

namespace lamp::bench {
namespace {

using namespace lamp::firmware;

constexpr double kMiB = 1024.0 * 1024.0;
auto& rng() { return Botan::system_rng(); }

Cost operator+(const Cost& a, const Cost& b) { return {a.wall + b.wall, a.cpu + b.cpu}; }

/// One line: what, in how much time, how many MiB a second.
Cost line(const char* what, std::uint64_t bytes, const Cost& cost) {
  std::printf("%-58s %8.0f MiB %7.3f s %8.0f MiB/s  %6.3f s of processor\n", what, static_cast<double>(bytes) / kMiB,
              cost.wall, static_cast<double>(bytes) / kMiB / cost.wall, cost.cpu);
  std::fflush(stdout);
  return cost;
}

template <class Work>
Cost timed(const char* what, std::uint64_t bytes, Work&& work) {
  const Stopwatch watch;
  work();
  return line(what, bytes, watch.lap());
}

/// A piece as often as it takes to make `bytes` of it.
template <class Each>
void repeat(std::uint64_t bytes, Each&& each) {
  SecureBytes piece(kPieceSize, 0x5a);
  for (std::uint64_t done = 0; done < bytes; done += piece.size()) each(piece);
}

struct Raw {
  Cost read, write, sha, aes;
};

Raw raw_rates(const std::filesystem::path& folder, std::uint64_t bytes, const SymmetricKey& key, ByteView info) {
  Raw raw;
  raw.read = timed("reading the image", bytes, [&] {
    FileSource source{folder / "image"};
    SecureBytes piece(kPieceSize);
    while (source.read(piece) == piece.size()) {
    }
  });
  raw.write = timed("writing as many bytes, and syncing them", bytes, [&] {
    FileSink sink{folder / "raw"};
    repeat(bytes, [&](const SecureBytes& piece) { sink.write(piece); });
    sink.commit();
  });
  std::filesystem::remove(folder / "raw");
  raw.sha = timed("SHA-256 in memory", bytes, [&] {
    const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    repeat(bytes, [&](const SecureBytes& piece) { hash->update(piece); });
    (void)hash->final();
  });
  raw.aes = timed("AES-256-GCM in memory", bytes, [&] {
    PayloadCoder coder{PayloadCoder::Direction::encrypt, key, parse_encryption_info(info)};
    repeat(bytes, [&](SecureBytes& piece) { coder.process(piece); });
  });
  return raw;
}

Bytes manifest_of(const EncryptedImage& made, ByteView info, PayloadPlace place) {
  Manifest manifest;
  manifest.sequence = 1;
  manifest.vendor = vendor_id("bench.example");
  manifest.model_class = class_id(manifest.vendor, "bench");
  manifest.model = "bench";
  manifest.image_digest = made.image.digest;
  manifest.image_size = made.image.size;
  manifest.payload_digest = made.payload.digest;
  manifest.payload_size = made.payload.size;
  manifest.encryption_info = info;
  manifest.place = place;
  return encode_manifest(manifest);
}

/// On a machine that does other things too, the processor's time says more than the clock's.
void compare(const char* what, const Cost& ours, const Cost& floor) {
  std::printf("%-48s %.3f s to %.3f s of its passes, %.2f x; of processor %.3f to %.3f, %.2f x\n", what, ours.wall,
              floor.wall, ours.wall / floor.wall, ours.cpu, floor.cpu, ours.cpu / floor.cpu);
}

void run(const std::filesystem::path& folder) {
  const auto bytes = std::filesystem::file_size(folder / "image");
  const Botan::RSA_PrivateKey release_key{rng(), 4096};
  const SymmetricKey kek{rng().random_vec(32)}, key{rng().random_vec(32)};
  const auto info = encode_encryption_info(PayloadCipher::a256gcm, rng().random_vec<Bytes>(12),
                                           crypto::wrap_key(kek, key), "kek.bench");
  const auto raw = raw_rates(folder, bytes, key, info);
  const auto sign = [&](ByteView manifest) {
    return std::vector<Bytes>{cose::sign1(release_key, rng(), suit_digest(manifest), "")};
  };
  const auto encrypt = [&] {
    FileSource image{folder / "image"};
    FileSink payload{folder / std::filesystem::path{kDetachedPayloadUri}};
    const auto made = encrypt_image(key, parse_encryption_info(info), image, payload);
    payload.commit();
    return made;
  };
  EncryptedImage made;
  const auto detached = timed("encrypt and sign, payload beside the envelope", bytes, [&] {
    made = encrypt();
    const auto manifest = manifest_of(made, info, PayloadPlace::detached);
    publish(folder / "detached.suit", ByteView{encode_envelope_head(manifest, sign(manifest))});
  });
  const auto assembled = timed("put an integrated release together", bytes, [&] {
    const auto manifest = manifest_of(made, info, PayloadPlace::integrated);
    FileSource payload{folder / std::filesystem::path{kDetachedPayloadUri}};
    FileSink release{folder / "release.suit"};
    write_release(manifest, sign(manifest), payload, release);
    release.commit();
  });
  const Botan::RSA_PublicKey public_key{release_key};
  ReleaseTrust trust;
  trust.release_keys = {public_key.subject_public_key()};
  const auto verified = timed("verify it", bytes, [&] {
    const auto verdict = verify_release(ReleaseFile{folder / "release.suit"}, trust);
    if (!verdict.acceptable()) throw Error{Errc::internal, verdict.objections.front()};
  });
  std::printf("\n");
  compare("encrypt and sign (read, 2 SHA-256, AES, write)", detached,
          raw.read + raw.sha + raw.sha + raw.aes + raw.write);
  compare("put together (read, SHA-256, write)", assembled, raw.read + raw.sha + raw.write);
  compare("verify (read, SHA-256)", verified, raw.read + raw.sha);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::printf("%-58s %7.1f MiB\n", "most memory that this process ever had",
              static_cast<double>(used.ru_maxrss) / 1024);
}

}  // namespace
}  // namespace lamp::bench

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  lamp::bench::run(argv[1]);
  return 0;
}
