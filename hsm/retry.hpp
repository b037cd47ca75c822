// The one place that decides whether an operation that a token lost is run again.
#pragma once

#include "hsm/session.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {

class Connection;

/// What running an operation twice would do.
enum class Repeat {
  harmless,   ///< finding, reading, signing, deriving, decrypting
  only_anew,  ///< making, changing and destroying objects: again only when the first time is known not to have happened
};

/// Two tries at most, the second after the connection was opened anew. Every other failure is final at once; a wrong
/// PIN above all.
class Retry {
 public:
  Retry(Connection& connection, Repeat repeat) noexcept : connection_{connection}, repeat_{repeat} {}

  /// Returns when the operation may run once more, the connection being whole again; else throws `failure`, or why the
  /// connection could not be opened again. `generation` is that of the session in which it failed.
  void after(const Error& failure, Loss loss, unsigned generation);

 private:
  Connection& connection_;
  Repeat repeat_;
  bool tried_again_ = false;
};

}  // namespace lamp::hsm
