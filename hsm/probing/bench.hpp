// Keys and operations to try a token with, for hsm/probing only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hsm/objects.hpp"
#include "hsm/probe.hpp"
#include "hsm/public_key.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Public_Key;
}

namespace lamp::hsm::probing {

inline constexpr std::string_view kMessage = "lamplighter token probe";

/// What a key pair is asked for; absent flags are false.
struct Wish {
  CK_MECHANISM_TYPE generator;
  ByteView curve;     ///< EC
  CK_ULONG bits = 0;  ///< RSA
  CK_ATTRIBUTE_TYPE use = CKA_SIGN;
  /// Further private attributes.
  std::function<void(Template&)> more = {};
};
[[nodiscard]] Wish ec_key(ByteView curve, CK_ATTRIBUTE_TYPE use);
[[nodiscard]] Wish rsa_key(CK_ULONG bits, CK_ATTRIBUTE_TYPE use);

/// Whether a template says no to the other uses: not every token takes that.
enum class Wording { every_use, asked_use };

struct Pair {
  CK_OBJECT_HANDLE private_half, public_half;
};

/// Makes throw-away keys, as session objects where the token takes them, else as token objects that it destroys; keeps
/// those of one kind for further tries. Where the token makes none (cards), a key that is there and wants no PIN of its
/// own stands in.
class Bench {
 public:
  explicit Bench(Connection& connection) : connection_{connection}, holder_{connection.fresh_session()} {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench();

  [[nodiscard]] Connection& connection() noexcept { return connection_; }
  /// A session for one try.
  [[nodiscard]] Session session() const { return connection_.fresh_session(); }
  /// Throws the error of making it when no other key can stand in.
  [[nodiscard]] Pair pair(const std::string& kept_as, const Wish& wish);
  /// Never one that was there.
  [[nodiscard]] Pair fresh_pair(const Wish& wish);
  [[nodiscard]] std::unique_ptr<Botan::Public_Key> public_key(const Pair& pair);
  [[nodiscard]] CK_OBJECT_HANDLE aes_key();
  /// "session objects", "token objects, destroyed at once", "keys that were there".
  [[nodiscard]] std::string origin() const;

 private:
  struct Asking {
    bool in_token;
    Wording wording;
  };
  [[nodiscard]] Pair make(const Wish& wish, bool in_token, Wording wording);
  [[nodiscard]] std::optional<Pair> find_standing(const Wish& wish);

  Connection& connection_;
  Session holder_;
  std::map<std::string, Pair> kept_;
  std::vector<CK_OBJECT_HANDLE> made_;
  std::optional<Asking> way_;
  bool standing_ = false;
};

/// The bytes that `mechanism` gives for `data`; C_Sign's code when it does not.
[[nodiscard]] CK_RV sign(Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism, ByteView data,
                         Bytes& signature);
[[nodiscard]] Bytes hash_of_message(const std::string& name);

/// One try: what it is called, and the try itself, which throws when the token cannot.
struct Try {
  std::string name, what;
  std::function<std::pair<Outcome, std::string>(Bench&)> run;
};
[[nodiscard]] std::vector<Try> ec_tries();
[[nodiscard]] std::vector<Try> rsa_tries();
[[nodiscard]] std::vector<Try> rule_tries();
[[nodiscard]] std::vector<Try> limit_tries();

}  // namespace lamp::hsm::probing
