// The steps of a batch, for one item or for a chunk of them. Private to lib/pki.
#pragma once

#include <botan/pubkey.h>

#include <optional>
#include <utility>
#include <vector>

#include "lib/pki/batch.hpp"
#include "lib/pki/key_index.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

/// An item on its way.
struct Work {
  BatchItem item;
  Record record;    ///< what is to be reserved; empty when the item was refused
  Bytes signature;  ///< DER
  BatchResult result;
  enum class Next { reserve, sign, commit, nothing } next = Next::nothing;
};
using Chunk = std::vector<Work>;

/// Items as they were before a transaction, which may run more than once.
class Undo {
 public:
  /// Before `work` goes on as planned: only `next` and the result's outcome and certificate change.
  void turn(Work& work) { turned_.emplace_back(&work, work.next); }
  /// Before anything else happens to it.
  void keep(Work& work) { kept_.emplace_back(&work, work); }
  void restore();

 private:
  std::vector<std::pair<Work*, Work::Next>> turned_;
  std::vector<std::pair<Work*, Work>> kept_;
};

/// Any thread: checks key or request, applies the profile, builds and lints the bytes to be signed.
void prepare(const BatchPlace& place, Work& work, Instant now);
/// In a transaction: records the reservations, or finds out who was here before.
void reserve(const BatchPlace& place, store::Transaction& transaction, FreshKeys& keys, Chunk& chunk, Instant now,
             Undo& undo);
/// In a transaction: records the signatures.
void commit(const BatchPlace& place, store::Transaction& transaction, Chunk& chunk, Instant now,
            std::vector<const BatchResult*>& issued, Undo& undo);

/// A thread's own signer and verifier, kept from one certificate to the next.
class SigningHand {
 public:
  explicit SigningHand(const BatchPlace& place);
  /// Signs and verifies.
  void sign(Work& work);

 private:
  const BatchPlace& place_;
  Botan::PK_Signer signer_;
  std::unique_ptr<Botan::Public_Key> public_key_;
  std::optional<Botan::PK_Verifier> verifier_;  ///< nothing when the key verifies what it signs
};

}  // namespace lamp::pki
