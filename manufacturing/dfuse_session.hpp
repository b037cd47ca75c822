// A conversation with a DfuSe boot loader (AN3156): memory is erased, written and read; states are kept track of.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "lib/base/secret.hpp"
#include "manufacturing/dfuse_layout.hpp"
#include "manufacturing/fixture.hpp"

namespace lamp::manufacturing {

/// Every call throws Error{unavailable} when the part stalls, is gone, or is busy for longer than it may be,
/// Error{denied} when it says an error of its own, Error{bad_input} when it says nonsense. A call may be repeated.
class DfuseSession {
 public:
  using Wait = std::function<void(std::chrono::milliseconds)>;
  /// Reads the memory layouts. Throws Error{denied} when the part does not speak ST's extension.
  DfuseSession(DfuPort& port, Wait wait);

  [[nodiscard]] const std::vector<DfuseMemory>& memories() const noexcept { return memories_; }
  /// The memory with this address, and its number; Error{denied} when there is none.
  [[nodiscard]] const DfuseMemory& memory_of(std::uint32_t address) const { return memories_.at(index_of(address)); }

  [[nodiscard]] SecureBytes read(std::uint32_t address, std::size_t size);
  /// Erases every page that the range touches; it must be whole pages.
  void erase(std::uint32_t address, std::size_t size);
  void write(std::uint32_t address, ByteView bytes);
  /// Asks the part to start what is at the address. It leaves the bus then; that it is gone already is no error.
  void leave(std::uint32_t address);

 private:
  [[nodiscard]] std::size_t index_of(std::uint32_t address) const;
  void select_for(std::uint32_t address);
  void to_idle();
  void point_to(std::uint32_t address);
  void command(std::uint8_t code, std::uint32_t address, const char* doing);
  void await(const std::string& doing);

  DfuPort& port_;
  Wait wait_;
  std::vector<DfuseMemory> memories_;
};

}  // namespace lamp::manufacturing
