// bend_release FILE OUT without-ml-dsa|without-rsa|by-another-key|from OTHER: a copy of a signed release whose
// signatures were changed by somebody who has no key of the quorum: left out, made by a key of their own, taken from
// another release.
#include <botan/ml_dsa.h>
#include <botan/system_rng.h>

#include <iostream>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/suit.hpp"

namespace {

using namespace lamp;
using cose::Algorithm;

bool is_rsa(Algorithm algorithm) { return algorithm == Algorithm::ps256 || algorithm == Algorithm::ps512; }

Bytes owned(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

Bytes ml_dsa_block(const Bytes& release) {
  const auto envelope = firmware::parse_envelope(release);
  for (const auto& block : envelope.blocks())
    if (cose::parse_sign1(block).algorithm == Algorithm::ml_dsa_87) return owned(block);
  throw Error{Errc::bad_input, "no signature by ML-DSA-87 in it"};
}

/// What stands in a block's place; empty for nothing.
Bytes bent(ByteView block, const firmware::Envelope& envelope, const std::string& how, const Bytes& other) {
  const auto algorithm = cose::parse_sign1(block).algorithm;
  if (how == "without-rsa") return is_rsa(algorithm) ? Bytes{} : owned(block);
  if (algorithm != Algorithm::ml_dsa_87) return owned(block);
  if (how == "without-ml-dsa") return {};
  if (how == "from") return ml_dsa_block(other);
  if (how != "by-another-key") throw Error{Errc::bad_input, how + ": not a way to bend a release"};
  auto& rng = Botan::system_rng();
  const Botan::ML_DSA_PrivateKey stranger{rng, Botan::ML_DSA_Mode::ML_DSA_8x7};
  return cose::sign1_as(Algorithm::ml_dsa_87, stranger, rng, envelope.digest, "");
}

int bend(const std::vector<std::string>& arguments) {
  const auto release = read_file(arguments.at(0));
  const auto other = arguments.size() > 3 ? read_file(arguments.at(3)) : Bytes{};
  const auto envelope = firmware::parse_envelope(release);
  std::vector<Bytes> blocks;
  for (const auto& block : envelope.blocks())
    if (auto kept = bent(block, envelope, arguments.at(2), other); !kept.empty()) blocks.push_back(std::move(kept));
  publish(arguments.at(1), ByteView{firmware::encode_envelope(envelope.manifest, blocks, envelope.payload)});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const auto outcome = attempt([&] { return bend({argv + 1, argv + argc}); });
  if (const auto* why = std::get_if<Error>(&outcome)) {
    std::cerr << why->what() << '\n';
    return 3;
  }
  return std::get<int>(outcome);
}
