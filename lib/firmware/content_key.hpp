// Content keys in stock. A release's payload is encrypted under a fresh key that only the release token can wrap to the
// model's key; the token is open only while the quorum has it open. So each such time fills a stock, of which a request
// takes one: its manifest is then complete, and officers approve exactly the bytes that devices will check.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::firmware {

/// How many unused keys there are of each model after the token was open.
inline constexpr std::uint64_t kContentKeyStock = 4;

/// Never in clear: once for devices, once for this host until it has encrypted the payload.
struct ContentKey {
  std::string id;
  std::string model;
  Bytes wrapped;  ///< A256KW under the model's key
  Bytes sealed;   ///< to this host's "requests" key
};

/// Wraps a content key to the model's key, in the token.
using WrapContentKey = std::function<Bytes(const std::string& model, const SymmetricKey& key)>;

/// A key of `size` bytes, 16 or 32.
[[nodiscard]] ContentKey make_content_key(const std::string& model, std::size_t size, ByteView requests_point,
                                          const WrapContentKey& wrap, Botan::RandomNumberGenerator& rng);
/// Bytes of the key, without opening it.
[[nodiscard]] std::size_t size_of(const ContentKey& key) noexcept;
/// Opens `sealed` with this host's "requests" key. Throws Error{denied} when it is another host's.
[[nodiscard]] SymmetricKey open_content_key(const ContentKey& key, crypto::AgreementKey& requests);

/// How many keys of the model and of this size, wrapped in the token with this serial number, nobody has taken.
[[nodiscard]] std::uint64_t stock(store::Transaction& transaction, const std::string& model,
                                  const std::string& token_serial, std::size_t size);
void add_to_stock(store::Transaction& transaction, const ContentKey& key, const std::string& token_serial);
/// Takes one key of this size for `release` for good. Throws Error{unavailable} when there is none.
[[nodiscard]] ContentKey take_from_stock(store::Transaction& transaction, const std::string& model,
                                         const std::string& token_serial, const std::string& release, std::size_t size);
/// The key that a release took.
[[nodiscard]] ContentKey content_key(store::Transaction& transaction, const std::string& id);

/// A model, and the size of the content keys that its profile asks for.
struct KeyedModel {
  std::string model;
  std::size_t key_size = 32;
};

/// Makes what is missing of each model. The token that `wrap` uses must be open.
[[nodiscard]] std::vector<ContentKey> make_missing(store::Database& database, const std::vector<KeyedModel>& models,
                                                   const std::string& token_serial, ByteView requests_point,
                                                   const WrapContentKey& wrap, Botan::RandomNumberGenerator& rng);

}  // namespace lamp::firmware
