// A key in a token, found by its label again whenever the token was opened anew.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "hsm/objects.hpp"

namespace lamp::hsm {

/// Thread-safe; shared by the Botan keys and operations that use the same key.
class KeyHandle {
 public:
  KeyHandle(CK_OBJECT_CLASS object_class, std::string label) : class_{object_class}, label_{std::move(label)} {}

  [[nodiscard]] CK_OBJECT_HANDLE in(Session& session, const Connection& connection) {
    const std::scoped_lock guard{mutex_};
    if (!found_ || generation_ != session.generation()) {
      found_ = find_object(session, connection, class_, label_);
      generation_ = session.generation();
    }
    return *found_;
  }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }

 private:
  const CK_OBJECT_CLASS class_;
  const std::string label_;
  std::mutex mutex_;
  std::optional<CK_OBJECT_HANDLE> found_;
  unsigned generation_ = 0;
};

}  // namespace lamp::hsm
