// Which certificate holds a key. Fingerprints fall anywhere: to file one among a million writes a page of the index for
// it alone, to the log and to the file. A batch therefore notes its keys in the order of their arrival, and files many
// at once, sorted; what is noted and not filed yet is fresh. Private to lib/pki.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "lib/base/bytes.hpp"
#include "lib/pki/records.hpp"
#include "lib/store/database.hpp"

namespace lamp::pki {

namespace tables {
inline constexpr std::string_view kKey =
    "CREATE TABLE certificate_key ("
    " fingerprint BYTEA NOT NULL, authority TEXT NOT NULL, serial TEXT NOT NULL,"
    " PRIMARY KEY (fingerprint, authority))";
inline constexpr std::string_view kFreshKey =
    "CREATE TABLE fresh_key ("
    " arrival INTEGER PRIMARY KEY, fingerprint BYTEA NOT NULL, authority TEXT NOT NULL, serial TEXT NOT NULL)";
/// How often fresh keys were filed: who remembers some knows by it that they are fresh no more.
inline constexpr std::string_view kKeyFiling =
    "CREATE TABLE key_filing (times BIGINT NOT NULL);"
    "INSERT INTO key_filing (times) VALUES (0)";
}  // namespace tables

/// Serial number of the certificate that holds the key, a fingerprint, at this authority. Searches what is fresh from
/// end to end.
[[nodiscard]] std::optional<std::string> serial_of_key(store::Transaction& transaction, const std::string& authority,
                                                       const std::string& key);
/// Files the record's key, which nobody holds.
void hold_key(store::Transaction& transaction, const Record& record);
/// Files all that is fresh. Whoever issues single certificates does, since that looks for keys one by one.
void file_fresh_keys(store::Transaction& transaction);

/// The fresh keys as one batch knows them. Several batches may be at work, in several processes. For one thread.
class FreshKeys {
 public:
  /// Files them when there are `most`: what a batch needs of memory, eight octets and a node each, and what it leaves
  /// to search through or to file. The next batch adds to them.
  explicit FreshKeys(std::size_t most = 131'072) noexcept : most_{most} {}

  /// First of all in each transaction: takes in what others noted or filed, and forgets what a transaction that was
  /// not committed had noted.
  void begin(store::Transaction& transaction);
  /// The transaction that began last is durable.
  void committed() noexcept { committed_ = true; }

  [[nodiscard]] bool is_held(store::Transaction& transaction, const Record& record);
  /// Notes the record's key, which nobody holds.
  void hold(store::Transaction& transaction, const Record& record);

 private:
  void file(store::Transaction& transaction);
  void note(ByteView fingerprint, std::int64_t arrival);

  std::size_t most_;
  /// How every fresh fingerprint begins, and perhaps some that were filed since.
  std::unordered_set<std::uint64_t> seen_;
  std::int64_t last_arrival_ = 0, filings_ = 0;
  bool committed_ = false;
};

}  // namespace lamp::pki
