// Images that do not fit into memory, or into 32 bits.
#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/sanitizer.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release_file.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/firmware/request_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;

/// The most memory that this process ever had. Each test is a process of its own.
std::uint64_t peak_memory() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

/// Its shadow is memory too.
bool sanitized() { return kAddressSanitizer; }

/// A file of zeros that takes no room on the disk.
void make_sparse(const std::filesystem::path& file, std::uint64_t size) {
  if (!std::filesystem::exists(file)) publish(file, "");
  ASSERT_EQ(::truncate(file.c_str(), static_cast<off_t>(size)), 0);
}

std::vector<Bytes> signatures(ByteView manifest) {
  return {sign_digest(keys().release, manifest), sign_digest(keys().officers[0], manifest),
          sign_digest(keys().officers[1], manifest)};
}

class LargeImage : public testing::Test {
 protected:
  /// Encrypts, signs, writes, verifies and decrypts again, each from file to file.
  void go_through(std::uint64_t size) {
    make_sparse(directory_ / "image", size);
    const SymmetricKey key{Botan::system_rng().random_vec(32)};
    const auto info = encode_encryption_info(PayloadCipher::a256gcm, Bytes(12, 1), crypto::wrap_key(kek(), key), "kek");
    Bytes manifest;
    {
      FileSource image{directory_ / "image"};
      FileSink payload{directory_ / "payload.bin"};
      const auto made = encrypt_image(key, parse_encryption_info(info), image, payload);
      manifest = encode_manifest(manifest_of(made.image, made.payload, info));
      payload.commit();
    }
    {
      FileSource payload{directory_ / "payload.bin"};
      FileSink release{directory_ / "release.suit"};
      write_release(manifest, signatures(manifest), payload, release);
      release.commit();
    }
    const ReleaseFile release{directory_ / "release.suit"};
    EXPECT_EQ(check_release(release, host_trust()).text, "");
    auto payload = release.payload(release.head());
    FileSink image{directory_ / "decrypted"};
    decrypt_image(key, parse_manifest(manifest), payload, image);
    EXPECT_EQ(std::filesystem::file_size(directory_ / "decrypted"), size);
  }
  lamp::test::TemporaryDirectory directory_;
};

class LargeImageInLittleMemory : public LargeImage, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(LargeImageInLittleMemory, GoesThroughAndBack) {
  go_through(GetParam() * kMiB + 3);
  RecordProperty("peak_MiB", static_cast<int>(peak_memory() / kMiB));
  std::printf("peak memory %.1f MiB\n", static_cast<double>(peak_memory()) / kMiB);
  EXPECT_TRUE(sanitized() || peak_memory() < 32 * kMiB) << peak_memory();
}

INSTANTIATE_TEST_SUITE_P(MiB, LargeImageInLittleMemory, testing::Values(LAMP_LARGE_IMAGE_MIB));

#ifdef LAMP_LARGE_IMAGE_LONG

/// Five GiB by digests alone: the payload is a hole, and its digest is what the manifest says.
TEST_F(LargeImage, OfMoreThanFourGiBHasItsWholeSizeEverywhere) {
  constexpr std::uint64_t kSize = 5ULL * 1024 * kMiB;
  make_sparse(directory_ / "hole", kSize + 16);
  FileSource hole{directory_ / "hole"};
  const auto payload = measure(hole);
  ASSERT_EQ(payload.size, kSize + 16);
  const auto info = encode_encryption_info(PayloadCipher::a256gcm, Bytes(12, 1), Bytes(40, 1), "kek");
  const auto manifest = encode_manifest(manifest_of({Digest{}, kSize}, payload, info));
  const auto head = encode_envelope_head(manifest, signatures(manifest));
  publish(directory_ / "release.suit", head);
  make_sparse(directory_ / "release.suit", head.size() + payload.size);
  const ReleaseFile release{directory_ / "release.suit"};
  EXPECT_EQ(release.head().payload_size, kSize + 16);
  EXPECT_EQ(check_release(release, host_trust()).text, "");
  make_sparse(directory_ / "release.suit", head.size() + payload.size - 1);
  EXPECT_EQ(check_release(ReleaseFile{directory_ / "release.suit"}, host_trust()).reason, Reason::malformed);
  EXPECT_TRUE(sanitized() || peak_memory() < 32 * kMiB) << peak_memory();
}

#endif

}  // namespace
}  // namespace lamp::firmware::test
