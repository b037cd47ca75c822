// An update as it arrives: an envelope in pieces of any size, of which only the head (signatures and manifest) is kept
// in memory, and a payload inside it or beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lib/firmware/device/updater.hpp"

namespace lamp::firmware::device {

/// How many bytes of an envelope's beginning must be there to know more about its head; when that is not more than are
/// there, the head is complete, or is none. Looks at lengths only.
[[nodiscard]] std::uint64_t head_bytes_wanted(ByteView start) noexcept;

/// One update. Neither throws nor allocates, except when bytes are malformed: the parser words that, for hosts.
class Receiver {
 public:
  /// The head must fit `buffer`: one RSA-4096 signature, five officers and the manifest are 3 KiB, an ML-DSA-87
  /// signature 5 KiB more. Both must outlive the receiver.
  Receiver(Updater& updater, std::span<std::uint8_t> buffer) : updater_{updater}, buffer_{buffer} {}

  /// The envelope's next bytes. Once the head is complete it is authenticated, and the slot that does not run is
  /// erased; an integrated payload goes there as it comes. A refusal is repeated from then on.
  [[nodiscard]] Reason take(ByteView piece);
  /// Where the payload is, once the head was accepted. A detached one is fetched and given to take_payload().
  [[nodiscard]] std::optional<PayloadPlace> place() const noexcept { return place_; }
  [[nodiscard]] Reason take_payload(ByteView piece);
  /// After the last piece: the image is checked and marked pending.
  [[nodiscard]] Reason finish();

 private:
  [[nodiscard]] Reason collect(ByteView& piece);
  [[nodiscard]] Reason begin();
  Reason refuse(Reason reason) noexcept { return refused_ = reason; }

  Updater& updater_;
  std::span<std::uint8_t> buffer_;
  std::size_t kept_ = 0;
  std::optional<PayloadPlace> place_;
  Reason refused_ = Reason::none;
};

}  // namespace lamp::firmware::device
