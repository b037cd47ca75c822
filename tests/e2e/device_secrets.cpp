// device_secrets FOLDER: prints the secrets in the virtual devices' flash below FOLDER, each as lower-case hexadecimal,
// upper-case hexadecimal and base64, one a line, for a search that must find none of them elsewhere.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/sim/device_flash.hpp"
#include "lib/base/bytes.hpp"
#include "lib/firmware/credential_block.hpp"

namespace {

void print(lamp::ByteView secret) {
  auto upper = lamp::hex(secret);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  std::cout << lamp::hex(secret) << '\n' << upper << '\n' << lamp::base64(secret) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const auto& folder : std::filesystem::directory_iterator{argv[1]}) {
    if (!lamp::sim::DeviceFlash::is_at(folder)) continue;
    const auto contents = lamp::sim::DeviceFlash::peek(folder);
    if (contents.credential_block.empty()) continue;
    const auto block = lamp::firmware::parse_credential_block(contents.credential_block);
    if (block.model_kek) print(block.model_kek->expose_secret());
    if (block.commissioning_secret) print(block.commissioning_secret->expose_secret());
    if (block.install_code) print(block.install_code->expose_secret().first(16));
  }
  return 0;
}
