// What ca_bench measures.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::bench {

struct Requests {
  std::vector<Bytes> keys, requests;  ///< SubjectPublicKeyInfo and PKCS#10 of the same keys, DER
};
/// Distinct P-256 keys with their requests; their making is not measured.
[[nodiscard]] Requests make_requests(std::uint64_t count);

/// Ours: a batch of devices, key in SoftHSM, everything durable; then the same with `before` in the register.
void ours(const Requests& requests, std::uint64_t before);

void botan_x509_ca(const Requests& requests);
void cfssl_serve(const Requests& requests, std::uint16_t port, unsigned connections);

}  // namespace lamp::bench
