#include "lib/firmware/outputs.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/rng.h>

#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/swu.hpp"
#include "lib/firmware/images/swu_cipher.hpp"
#include "lib/firmware/images/zigbee_ota.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/uuid.hpp"

namespace lamp::firmware {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSwuImage = "image.bin";
/// Of an encrypted package: the image as it will be in it, and its key.
constexpr std::string_view kSwuEncrypted = "image.encrypted", kSwuKey = "image.key";

/// Counts and hashes what passes.
class Digesting final : public ByteSink {
 public:
  explicit Digesting(ByteSink* next) : next_{next}, hash_{Botan::HashFunction::create_or_throw("SHA-256")} {}
  void write(ByteView bytes) override {
    hash_->update(bytes);
    size_ += bytes.size();
    if (next_ != nullptr) next_->write(bytes);
  }
  [[nodiscard]] Bytes digest() { return hash_->final_stdvec(); }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  ByteSink* next_;
  std::unique_ptr<Botan::HashFunction> hash_;
  std::uint64_t size_ = 0;
};

bool is_image_of(const OutputSubject& subject, const Input& image) {
  Digesting digesting{nullptr};
  copy(image, digesting);
  return image.size() == subject.image_size && digesting.digest() == subject.image_digest;
}

fs::path unsigned_file(const fs::path& folder, const std::string& output) { return folder / (output + ".unsigned"); }

template <class T>
T narrow(std::uint64_t value, const char* what) {
  if (value > std::uint64_t{static_cast<T>(~T{0})})
    throw Error{Errc::bad_input, std::string{what} + " " + std::to_string(value) + " does not fit into this output"};
  return static_cast<T>(value);
}

mcuboot::Recipe recipe_of(const McubootPlan& plan, const OutputSubject& subject) {
  mcuboot::Recipe recipe;
  recipe.version.major = narrow<std::uint8_t>(subject.version.major, "major version");
  recipe.version.minor = narrow<std::uint8_t>(subject.version.minor, "minor version");
  recipe.version.revision = subject.version.patch;
  recipe.header_size = plan.header_size;
  if (plan.load_address) {
    recipe.load_address = *plan.load_address;
    recipe.flags = mcuboot::ram_load;
  }
  if (!plan.recipient.empty()) recipe.key_size = plan.key_size;
  recipe.security_counter = narrow<std::uint32_t>(subject.epoch, "epoch");
  recipe.vendor = vendor_id(subject.vendor);
  recipe.model_class = class_id(*recipe.vendor, subject.model);
  return recipe;
}

SignedRegion mcuboot_region(const McubootPlan& plan, const OutputSubject& subject, const Input& image, ByteSink* to,
                            const PublicKeyFor& keys) {
  return in_context("output mcuboot", [&] {
    Digesting region{to};
    mcuboot::write_region(recipe_of(plan, subject), image, region);
    return SignedRegion{"mcuboot", plan.key, mcuboot::algorithm_of(*keys(plan.key)), region.digest(), region.size()};
  });
}

void prepare_mcuboot(const McubootPlan& plan, const OutputSubject& subject, const Input& image, const fs::path& folder,
                     const PublicKeyFor& keys, std::vector<SignedRegion>& regions) {
  FileSink file{unsigned_file(folder, "mcuboot"), Mode::secret};
  regions.push_back(mcuboot_region(plan, subject, image, &file, keys));
  file.commit();
}

/// The region made anew around the image that lies in the unsigned file.
SignedRegion expected_mcuboot(const McubootPlan& plan, const OutputSubject& subject, const fs::path& folder,
                              const PublicKeyFor& keys, Verdict& verdict) {
  const auto path = unsigned_file(folder, "mcuboot");
  const FileInput file{path};
  const bool fits = file.has(plan.header_size, subject.image_size);
  const Section image{file, fits ? plan.header_size : 0U, fits ? subject.image_size : file.size()};
  if (fits && !is_image_of(subject, image))
    verdict.objections.push_back(path.string() + ": the image in it is not the one that was requested");
  Digesting whole{nullptr};
  copy(file, whole);
  const auto expected = mcuboot_region(plan, subject, image, nullptr, keys);
  if (whole.digest() != expected.digest)
    verdict.objections.push_back(path.string() + ": not what the device profile and the request give");
  return expected;
}

/// Whether an earlier run made it from this region.
bool is_finished_mcuboot(const fs::path& path, const Botan::Public_Key& key) {
  if (!fs::exists(path)) return false;
  const FileInput file{path};
  const auto reading = mcuboot::read(file);
  return reading.good() && mcuboot::verify(file, *reading.value, {{key.subject_public_key()}, 0, nullptr}).empty();
}

fs::path finish_mcuboot(const McubootPlan& plan, const fs::path& folder, const fs::path& into,
                        const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) {
  auto path = into / "mcuboot.bin";
  const auto public_key = key.public_key();
  const FileInput region{unsigned_file(folder, "mcuboot")};
  if (is_finished_mcuboot(path, *public_key)) return path;
  std::optional<mcuboot::Recipient> recipient;
  if (!plan.recipient.empty()) recipient = mcuboot::Recipient{plan.recipient, nullptr};
  FileSink file{path};
  mcuboot::write_image(region, key, recipient, rng, file);
  file.commit();
  if (!is_finished_mcuboot(path, *public_key)) {
    fs::remove(path);
    throw Error{Errc::internal, path.string() + " does not verify after it was signed; it was removed"};
  }
  return path;
}

/// Public, and of this release's key alone.
swu::Iv iv_of(const OutputSubject& subject) {
  const auto digest = sha256(cbor::Writer{}
                                 .array(5)
                                 .text("lamp-swu-iv-v1")
                                 .text(subject.model)
                                 .text(subject.version.text())
                                 .unsigned_integer(subject.sequence)
                                 .bytes(subject.image_digest)
                                 .encoded());
  swu::Iv iv{};
  std::copy_n(digest.begin(), iv.size(), iv.begin());
  return iv;
}

/// The image as it is in the package, as far as the manifest tells of it.
struct SwuImage {
  std::string sha256, ivt;
};

SwuImage clear_image(const OutputSubject& subject) { return {hex(subject.image_digest), {}}; }

SwuImage encrypted_image(const OutputSubject& subject, const SymmetricKey& key, const Input& image, ByteSink* to) {
  Digesting digesting{to};
  const auto iv = iv_of(subject);
  swu::encrypt_image(key, iv, image, digesting);
  return {hex(digesting.digest()), hex(iv)};
}

SymmetricKey read_package_key(const fs::path& folder) {
  const auto text = read_secret_file(folder / kSwuKey);
  const auto bytes = from_hex({reinterpret_cast<const char*>(text.data()), text.size()});
  return SymmetricKey{SecureBytes{bytes.begin(), bytes.end()}};
}

std::string manifest_of(const SwuPlan& plan, const OutputSubject& subject, const SwuImage& image) {
  return swu::write_description({subject.version.text(),
                                 subject.model + " " + subject.version.text() + ", sequence " +
                                     std::to_string(subject.sequence) + ", epoch " + std::to_string(subject.epoch),
                                 plan.hardware, std::string{kSwuImage}, image.sha256, plan.device, plan.path,
                                 image.ivt});
}

SignedRegion swu_region(const SwuPlan& plan, const OutputSubject& subject, const SwuImage& image,
                        const PublicKeyFor& keys) {
  return in_context("output swu", [&] {
    Digesting region{nullptr};
    region.write(as_bytes(manifest_of(plan, subject, image)));
    return SignedRegion{"swu", plan.key, cms::algorithm_of(*keys(plan.key)), region.digest(), region.size()};
  });
}

/// What an encrypted package takes beside the image in clear.
SwuImage prepare_encrypted(const OutputSubject& subject, const Input& image, const fs::path& folder,
                           const std::optional<SymmetricKey>& key) {
  if (!key) throw Error{Errc::internal, "an encrypted package without its key"};
  publish(folder / kSwuKey, std::string_view{hex(key->expose_secret())}, Mode::secret);
  FileSink file{folder / kSwuEncrypted};
  auto made = encrypted_image(subject, *key, image, &file);
  file.commit();
  return made;
}

void prepare_swu(const SwuPlan& plan, const OutputSubject& subject, const Input& image, const fs::path& folder,
                 const PublicKeyFor& keys, const std::optional<SymmetricKey>& key, std::vector<SignedRegion>& regions) {
  const auto in_package = plan.encrypted ? prepare_encrypted(subject, image, folder, key) : clear_image(subject);
  regions.push_back(swu_region(plan, subject, in_package, keys));
  FileSink clear{folder / kSwuImage, Mode::secret};
  copy(image, clear);
  clear.commit();
  FileSink file{unsigned_file(folder, "swu"), Mode::secret};
  file.write(as_bytes(manifest_of(plan, subject, in_package)));
  file.commit();
}

/// Made anew from the image in clear, so that officers approve what they can see, and compared with the file that will
/// go into the package.
SwuImage expected_image(const SwuPlan& plan, const OutputSubject& subject, const Input& image, const fs::path& folder,
                        Verdict& verdict) {
  if (!plan.encrypted) return clear_image(subject);
  auto expected = encrypted_image(subject, read_package_key(folder), image, nullptr);
  Digesting there{nullptr};
  copy(FileInput{folder / kSwuEncrypted}, there);
  if (hex(there.digest()) != expected.sha256)
    verdict.objections.push_back((folder / kSwuEncrypted).string() + ": not the requested image under its key");
  return expected;
}

SignedRegion expected_swu(const SwuPlan& plan, const OutputSubject& subject, const fs::path& folder,
                          const PublicKeyFor& keys, Verdict& verdict) {
  const FileInput image{folder / kSwuImage};
  if (!is_image_of(subject, image))
    verdict.objections.push_back((folder / kSwuImage).string() + ": not the image that was requested");
  const auto expected = swu_region(plan, subject, expected_image(plan, subject, image, folder, verdict), keys);
  const auto path = unsigned_file(folder, "swu");
  Digesting whole{nullptr};
  copy(FileInput{path}, whole);
  if (whole.digest() != expected.digest)
    verdict.objections.push_back(path.string() + ": not what the device profile and the request give");
  return expected;
}

/// Whether an earlier run made it from this manifest and image. The certificate may have ended since: only what is
/// signed, and by whom, counts here.
bool is_finished_swu(const fs::path& path, const SwuPlan& plan, const std::string& manifest) {
  if (!fs::exists(path)) return false;
  const FileInput file{path};
  const auto reading = swu::read(file);
  return reading.good() && reading.value->manifest == manifest &&
         swu::verify_content(file, *reading.value, plan.certificate).empty();
}

fs::path finish_swu(const SwuPlan& plan, const fs::path& folder, const fs::path& into, const SignedRegion& region,
                    const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) {
  auto path = into / "release.swu";
  const auto manifest = read_text_file(unsigned_file(folder, "swu"));
  const auto digest = sha256(as_bytes(manifest));
  if (!std::ranges::equal(digest, region.digest))
    throw Error{Errc::denied, "swu.unsigned changed while it was signed; nothing was"};
  const FileInput image{folder / (plan.encrypted ? kSwuEncrypted : kSwuImage)};
  if (is_finished_swu(path, plan, manifest)) return path;
  const auto signature = cms::sign(as_bytes(manifest), key, plan.certificate, rng);
  FileSink file{path};
  swu::write(manifest, signature, std::string{kSwuImage}, image, file);
  file.commit();
  if (!is_finished_swu(path, plan, manifest)) {
    fs::remove(path);
    throw Error{Errc::internal, path.string() + " does not verify after it was signed; it was removed"};
  }
  return path;
}

}  // namespace

std::vector<SignedRegion> prepare_outputs(const OutputPlan& plan, const OutputSubject& subject, const fs::path& image,
                                          const fs::path& folder, const PublicKeyFor& keys,
                                          const std::optional<SymmetricKey>& package_key) {
  std::vector<SignedRegion> regions;
  const FileInput file{image};
  if (!is_image_of(subject, file)) throw Error{Errc::denied, image.string() + " is not the image of this request"};
  if (plan.mcuboot) prepare_mcuboot(*plan.mcuboot, subject, file, folder, keys, regions);
  if (plan.swu) prepare_swu(*plan.swu, subject, file, folder, keys, package_key, regions);
  return regions;
}

Verdict check_outputs(const OutputPlan& plan, const OutputSubject& subject, const fs::path& folder,
                      const PublicKeyFor& keys, const std::vector<SignedRegion>& regions) {
  Verdict verdict;
  std::vector<SignedRegion> expected;
  if (plan.mcuboot) expected.push_back(expected_mcuboot(*plan.mcuboot, subject, folder, keys, verdict));
  if (plan.swu) expected.push_back(expected_swu(*plan.swu, subject, folder, keys, verdict));
  if (expected != regions)
    verdict.objections.emplace_back("the list of signed regions is not what the device profile and the files give");
  return verdict;
}

std::vector<fs::path> finish_outputs(const OutputPlan& plan, const OutputSubject& subject, const fs::path& folder,
                                     const fs::path& into, const std::vector<SignedRegion>& regions,
                                     const PrivateKeyFor& keys, Botan::RandomNumberGenerator& rng) {
  const auto public_keys = [&](const std::string& label) {
    return std::shared_ptr<Botan::Public_Key>{keys(label)->public_key()};
  };
  const auto verdict = check_outputs(plan, subject, folder, public_keys, regions);
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
  std::vector<fs::path> files;
  if (plan.mcuboot) files.push_back(finish_mcuboot(*plan.mcuboot, folder, into, *keys(plan.mcuboot->key), rng));
  if (plan.swu) files.push_back(finish_swu(*plan.swu, folder, into, regions.back(), *keys(plan.swu->key), rng));
  return files;
}

std::vector<fs::path> wrap_outputs(const OutputPlan& plan, const OutputSubject& subject, const fs::path& folder) {
  if (!plan.zigbee) return {};
  return in_context("output zigbee", [&]() -> std::vector<fs::path> {
    zigbee::Header header;
    header.manufacturer = plan.zigbee->manufacturer;
    header.image_type = plan.zigbee->image_type;
    header.stack_version = plan.zigbee->stack_version;
    header.file_version = narrow<std::uint32_t>(subject.sequence, "sequence number");
    header.hardware = plan.zigbee->hardware;
    header.text =
        plan.zigbee->text.empty() ? (subject.model + " " + subject.version.text()).substr(0, 32) : plan.zigbee->text;
    const FileInput element{folder /
                            (plan.zigbee->around == ZigbeePlan::Around::suit ? "release.suit" : "mcuboot.bin")};
    auto path = folder / "zigbee.ota";
    FileSink file{path};
    zigbee::write(header, {{zigbee::upgrade_image, element}}, zigbee::WithIntegrity::yes, file);
    file.commit();
    return {path};
  });
}

void discard_unsigned(const fs::path& folder) {
  for (const auto name :
       {std::string_view{"mcuboot.unsigned"}, std::string_view{"swu.unsigned"}, kSwuImage, kSwuEncrypted, kSwuKey})
    fs::remove(folder / name);
}

}  // namespace lamp::firmware
