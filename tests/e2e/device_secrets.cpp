// device_secrets FOLDER [--not-in PATH... | --labels PATH...]: the secrets in the virtual devices' flash below FOLDER.
// Alone, prints each as lower-case hexadecimal, upper-case hexadecimal and base64, one a line. With --not-in, looks for
// all of them in files and folders, as bytes and in those forms; ends with 1 when one is found. With --labels, looks
// for key material only: a claim code is made for the customer, and a label is where it belongs. It is counted, and the
// search ends with 1 when no file holds one: it would have found nothing else either.
#include <botan/pk_keys.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <iostream>

#include "cli/sim/device_flash.hpp"
#include "cli/sim/virtual_device.hpp"
#include "lib/base/bytes.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/z85.hpp"
#include "lib/firmware/credential_block.hpp"

namespace {

namespace fs = std::filesystem;
using lamp::Bytes;

struct DeviceSecret {
  bool is_for_the_customer = false;  ///< a claim code, which the label carries; everything else is key material
  std::vector<Bytes> forms;
};

/// The ways in which a secret may be written: as it is, then as text.
std::vector<Bytes> forms_of(lamp::ByteView secret) {
  auto upper = lamp::hex(secret);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  std::vector<Bytes> forms{Bytes{secret.begin(), secret.end()}, lamp::to_bytes(lamp::hex(secret)),
                           lamp::to_bytes(upper), lamp::to_bytes(lamp::base64(secret))};
  if (secret.size() % 4 == 0) forms.push_back(lamp::to_bytes(lamp::crypto::z85(secret)));
  return forms;
}

/// A label shows its code in groups of four.
DeviceSecret claim_code(lamp::ByteView code) {
  DeviceSecret secret{true, forms_of(code)};
  Bytes grouped;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (i > 0 && i % 4 == 0) grouped.push_back('-');
    grouped.push_back(code[i]);
  }
  secret.forms.push_back(std::move(grouped));
  return secret;
}

void add_from(const lamp::sim::FlashContents& contents, std::vector<DeviceSecret>& all) {
  const auto add_key = [&](lamp::ByteView secret) { all.push_back({false, forms_of(secret)}); };
  const auto block = lamp::firmware::parse_credential_block(contents.credential_block);
  if (block.model_kek) add_key(block.model_kek->expose_secret());
  if (block.commissioning_secret) add_key(block.commissioning_secret->expose_secret());
  if (block.install_code) add_key(block.install_code->expose_secret().first(16));
  for (const auto& [name, secret] : block.secrets) {
    if (name == "claim-code")
      all.push_back(claim_code(secret.expose_secret()));
    else
      add_key(secret.expose_secret());
  }
  for (const auto& key : block.device_keys) add_key(key.private_key.expose_secret());
  if (!contents.private_key.empty()) add_key(lamp::sim::device_key(contents)->raw_private_key_bits());
}

std::vector<DeviceSecret> secrets_below(const fs::path& shelf) {
  std::vector<DeviceSecret> all;
  for (const auto& folder : fs::directory_iterator{shelf}) {
    if (!lamp::sim::DeviceFlash::is_at(folder)) continue;
    const auto contents = lamp::sim::DeviceFlash::peek(folder);
    if (!contents.credential_block.empty()) add_from(contents, all);
  }
  return all;
}

bool holds(const Bytes& content, const Bytes& word) {
  const std::boyer_moore_horspool_searcher searcher{word.begin(), word.end()};
  return std::search(content.begin(), content.end(), searcher) != content.end();
}

bool holds(const Bytes& content, const DeviceSecret& secret) {
  return std::ranges::any_of(secret.forms, [&](const Bytes& form) { return holds(content, form); });
}

std::vector<fs::path> files_in(const std::vector<fs::path>& places) {
  std::vector<fs::path> files;
  const auto take = [&](const fs::path& file) {
    if (fs::is_regular_file(fs::symlink_status(file))) files.push_back(file);
  };
  for (const auto& place : places) {
    if (!fs::is_directory(place))
      take(place);
    else
      for (const auto& entry : fs::recursive_directory_iterator{place}) take(entry.path());
  }
  return files;
}

int look_everywhere(const std::vector<fs::path>& places, const std::vector<DeviceSecret>& secrets, bool are_labels) {
  const auto files = files_in(places);
  std::size_t sought = 0, found = 0, labels = 0;
  for (const auto& secret : secrets) sought += are_labels && secret.is_for_the_customer ? 0 : 1;
  for (const auto& file : files) {
    const auto content = lamp::read_file(file);
    const auto is_in = [&](bool for_the_customer) {
      return std::ranges::any_of(secrets, [&](const DeviceSecret& secret) {
        return secret.is_for_the_customer == for_the_customer && holds(content, secret);
      });
    };
    const bool has_code = is_in(true);
    if (has_code) ++labels;
    if (!is_in(false) && (are_labels || !has_code)) continue;
    ++found;
    std::cout << file.string() << " holds a secret of a device\n";
  }
  std::cout << "looked for " << sought << (are_labels ? " keys in " : " secrets in ") << files.size()
            << " files; found in " << found << '\n';
  if (are_labels) std::cout << labels << " hold a claim code, which is for the customer\n";
  return sought == 0 || files.empty() || found != 0 || (are_labels && labels == 0) ? 1 : 0;
}

/// Without the form that is not text, and those that only a search needs.
void print(const std::vector<DeviceSecret>& secrets) {
  constexpr std::size_t kPrinted = 4;
  for (const auto& secret : secrets)
    for (std::size_t i = 1; i < kPrinted; ++i) std::cout << lamp::to_text(secret.forms[i]) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  const bool is_search = words.size() > 2 && (words[1] == "--not-in" || words[1] == "--labels");
  if (words.empty() || (words.size() > 1 && !is_search)) return 2;
  const auto secrets = secrets_below(words[0]);
  if (is_search) return look_everywhere({words.begin() + 2, words.end()}, secrets, words[1] == "--labels");
  print(secrets);
  return 0;
}
