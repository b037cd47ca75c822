#include "lib/firmware/uuid.hpp"

#include <botan/hash.h>

#include <algorithm>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

constexpr Uuid kDnsNamespace{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
                             0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

/// RFC 9562 section 5.5. SHA-1 names things here and protects nothing.
Uuid name_based(const Uuid& name_space, std::string_view name) {
  const auto hash = guarded(Errc::internal, [&] {
    auto sha1 = Botan::HashFunction::create_or_throw("SHA-1");
    sha1->update(name_space);
    sha1->update(as_bytes(name));
    return sha1->final_stdvec();
  });
  Uuid id{};
  std::copy_n(hash.begin(), id.size(), id.begin());
  id[6] = static_cast<std::uint8_t>((id[6] & 0x0fU) | 0x50U);
  id[8] = static_cast<std::uint8_t>((id[8] & 0x3fU) | 0x80U);
  return id;
}

}  // namespace

Uuid vendor_id(std::string_view domain) { return name_based(kDnsNamespace, domain); }

Uuid class_id(const Uuid& vendor, std::string_view model) { return name_based(vendor, model); }

std::string to_text(const Uuid& id) {
  auto text = hex(id);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace lamp::firmware
