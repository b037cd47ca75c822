// device_secrets FOLDER [--not-in PATH...]: the secrets in the virtual devices' flash below FOLDER. Alone, prints each
// as lower-case hexadecimal, upper-case hexadecimal and base64, one a line. With --not-in, looks for them in files and
// folders, as bytes and in those forms; ends with 1 when one is found.
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
#include "lib/firmware/credential_block.hpp"

namespace {

namespace fs = std::filesystem;
using lamp::Bytes;

/// The ways in which a secret may be written: as it is, then as text.
std::vector<Bytes> forms_of(lamp::ByteView secret) {
  auto upper = lamp::hex(secret);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  return {Bytes{secret.begin(), secret.end()}, lamp::to_bytes(lamp::hex(secret)), lamp::to_bytes(upper),
          lamp::to_bytes(lamp::base64(secret))};
}

std::vector<std::vector<Bytes>> secrets_below(const fs::path& shelf) {
  std::vector<std::vector<Bytes>> all;
  for (const auto& folder : fs::directory_iterator{shelf}) {
    if (!lamp::sim::DeviceFlash::is_at(folder)) continue;
    const auto contents = lamp::sim::DeviceFlash::peek(folder);
    if (contents.credential_block.empty()) continue;
    const auto block = lamp::firmware::parse_credential_block(contents.credential_block);
    if (block.model_kek) all.push_back(forms_of(block.model_kek->expose_secret()));
    if (block.commissioning_secret) all.push_back(forms_of(block.commissioning_secret->expose_secret()));
    if (block.install_code) all.push_back(forms_of(block.install_code->expose_secret().first(16)));
    for (const auto& [name, secret] : block.secrets) all.push_back(forms_of(secret.expose_secret()));
    for (const auto& key : block.device_keys) all.push_back(forms_of(key.private_key.expose_secret()));
    if (!contents.private_key.empty()) all.push_back(forms_of(lamp::sim::device_key(contents)->raw_private_key_bits()));
  }
  return all;
}

bool holds(const Bytes& content, const Bytes& word) {
  const std::boyer_moore_horspool_searcher searcher{word.begin(), word.end()};
  return std::search(content.begin(), content.end(), searcher) != content.end();
}

/// Files in which a secret was found.
int look_in(const fs::path& file, const std::vector<std::vector<Bytes>>& secrets) {
  const auto content = lamp::read_file(file);
  for (const auto& forms : secrets)
    for (const auto& form : forms)
      if (holds(content, form)) {
        std::cout << file.string() << " holds a secret of a device\n";
        return 1;
      }
  return 0;
}

int look_everywhere(const std::vector<fs::path>& places, const std::vector<std::vector<Bytes>>& secrets) {
  int found = 0, files = 0;
  const auto look = [&](const fs::path& file) {
    if (!fs::is_regular_file(fs::symlink_status(file))) return;
    found += look_in(file, secrets);
    ++files;
  };
  for (const auto& place : places) {
    if (!fs::is_directory(place))
      look(place);
    else
      for (const auto& entry : fs::recursive_directory_iterator{place}) look(entry.path());
  }
  std::cout << "looked for " << secrets.size() << " secrets in " << files << " files; found in " << found << '\n';
  return secrets.empty() || files == 0 || found != 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words{argv + 1, argv + argc};
  if (words.empty() || (words.size() > 1 && (words[1] != "--not-in" || words.size() == 2))) return 2;
  const auto secrets = secrets_below(words[0]);
  if (words.size() > 1) return look_everywhere({words.begin() + 2, words.end()}, secrets);
  for (const auto& forms : secrets)
    for (auto form = forms.begin() + 1; form != forms.end(); ++form) std::cout << lamp::to_text(*form) << '\n';
  return 0;
}
