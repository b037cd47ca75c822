#include "lib/firmware/content_key.hpp"

#include <botan/rng.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kWrapOverhead = 8;  // RFC 3394
constexpr std::size_t kIdLength = 16;

Bytes context_of(const std::string& id, const std::string& model) {
  return cbor::Writer{}.array(3).text("lamp-content-key-v1").text(model).text(id).encoded();
}

ContentKey from_row(const store::Row& row) { return {row.text(0), row.text(1), row.blob(2), row.blob(3)}; }

std::int64_t wrapped_length(std::size_t size) { return static_cast<std::int64_t>(size + kWrapOverhead); }

}  // namespace

ContentKey make_content_key(const std::string& model, std::size_t size, ByteView requests_point,
                            const WrapContentKey& wrap, Botan::RandomNumberGenerator& rng) {
  const SymmetricKey secret{rng.random_vec<SecureBytes>(size)};
  const std::string id = hex(rng.random_vec<Bytes>(kIdLength));
  return {id, model, wrap(model, secret),
          crypto::seal(secret.expose_secret(), requests_point, context_of(id, model), rng)};
}

std::size_t size_of(const ContentKey& key) noexcept {
  return key.wrapped.size() > kWrapOverhead ? key.wrapped.size() - kWrapOverhead : 0;
}

SymmetricKey open_content_key(const ContentKey& key, crypto::AgreementKey& requests) {
  return in_context("content key " + key.id, [&] {
    SymmetricKey secret{crypto::open_sealed(key.sealed, requests, context_of(key.id, key.model))};
    if (secret.size() != size_of(key)) throw Error{Errc::denied, "has a wrong length"};
    return secret;
  });
}

std::uint64_t stock(store::Transaction& transaction, const std::string& model, const std::string& token_serial,
                    std::size_t size) {
  const auto row = transaction.query_one(
      "SELECT COUNT(*) FROM content_key WHERE model = ? AND token = ? AND taken_by IS NULL AND LENGTH(wrapped) = ?",
      {model, token_serial, wrapped_length(size)});
  return static_cast<std::uint64_t>(row->integer(0));
}

void add_to_stock(store::Transaction& transaction, const ContentKey& key, const std::string& token_serial) {
  transaction.execute("INSERT INTO content_key (id, model, token, wrapped, sealed) VALUES (?, ?, ?, ?, ?)",
                      {key.id, key.model, token_serial, key.wrapped, key.sealed});
}

ContentKey take_from_stock(store::Transaction& transaction, const std::string& model, const std::string& token_serial,
                           const std::string& release, std::size_t size) {
  const auto rows = transaction.query(
      "SELECT id, model, wrapped, sealed FROM content_key WHERE model = ? AND token = ? AND taken_by IS NULL "
      "AND LENGTH(wrapped) = ? ORDER BY id LIMIT 1",
      {model, token_serial, wrapped_length(size)});
  if (rows.empty())
    throw Error{Errc::unavailable, "no content key of " + std::to_string(8 * size) + " bits is left for model " +
                                       model +
                                       ": each waiting request holds one; seal a release, which makes new ones"};
  ContentKey key = from_row(rows.front());
  transaction.execute("UPDATE content_key SET taken_by = ? WHERE id = ?", {release, key.id});
  return key;
}

ContentKey content_key(store::Transaction& transaction, const std::string& id) {
  const auto row = transaction.query_one("SELECT id, model, wrapped, sealed FROM content_key WHERE id = ?", {id});
  if (!row) throw Error{Errc::not_found, "content key " + id + " is not in this host's database"};
  return from_row(*row);
}

std::vector<ContentKey> make_missing(store::Database& database, const std::vector<KeyedModel>& models,
                                     const std::string& token_serial, ByteView requests_point,
                                     const WrapContentKey& wrap, Botan::RandomNumberGenerator& rng) {
  std::vector<ContentKey> made;
  for (const auto& [model, size] : models) {
    const auto have = database.read([&](store::Transaction& t) { return stock(t, model, token_serial, size); });
    for (auto n = have; n < kContentKeyStock; ++n)
      made.push_back(make_content_key(model, size, requests_point, wrap, rng));
  }
  return made;
}

}  // namespace lamp::firmware
