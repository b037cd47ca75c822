#include "lib/binding/escrow.hpp"

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::binding {

Bytes escrow_context(std::string_view serial, std::string_view secret) {
  return to_bytes("lamp-escrow-v1/" + std::string{serial} + "/" + std::string{secret});
}

std::vector<EscrowBox> read_escrow(ByteView encoded) {
  if (encoded.empty()) return {};
  return in_context("escrow", [&] {
    (void)cbor::find(encoded, "");  // one map, its keys sorted and none repeated
    cbor::Reader in{encoded};
    const auto entries = in.map();
    if (entries > kMostEscrowBoxes) throw Error{Errc::bad_input, "too many boxes"};
    std::vector<EscrowBox> boxes;
    for (std::uint64_t i = 0; i < entries; ++i) {
      EscrowBox box{std::string{in.text()}, {}};
      require_name(box.name, "the name of a secret");
      const auto sealed = in.bytes();
      if (sealed.empty() || sealed.size() > kLargestEscrowBox)
        throw Error{Errc::bad_input, "the box of " + box.name + " is empty or too large"};
      box.box.assign(sealed.begin(), sealed.end());
      boxes.push_back(std::move(box));
    }
    in.end();
    return boxes;
  });
}

}  // namespace lamp::binding
