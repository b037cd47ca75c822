// Everything a command may touch outside its arguments. Comes in from main.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::cli {

struct TerminalSize {
  std::size_t rows = 24, columns = 80;
};

class Terminal {
 public:
  virtual ~Terminal() = default;
  /// Reads one line from the controlling terminal, echo off. Throws Error{unavailable} when there is none; never falls
  /// back to standard input.
  virtual Passphrase ask_secret(std::string_view prompt) = 0;
  /// The same with what is typed to be seen, for what is no secret.
  virtual std::string ask(std::string_view prompt);
  /// Whether standard output is a terminal: progress and colour only then.
  [[nodiscard]] virtual bool is_interactive() const = 0;
  /// Now: its window may be changed while a program runs.
  [[nodiscard]] virtual TerminalSize size() const { return {}; }
};

/// Non-owning. `site` is what --site said, empty when it said nothing.
struct World {
  Clock& clock;
  Botan::RandomNumberGenerator& rng;
  Terminal& terminal;
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::string site;
};

/// The same world for a verb that prints JSON: prose goes with the messages, standard output is left to the verb.
[[nodiscard]] World with_prose_aside(World& world);

/// System clock, system generator, /dev/tty, cin, cout, cerr. Disables core dumps before anything else.
class RealWorld {
 public:
  RealWorld();
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;
  ~RealWorld();
  [[nodiscard]] World& world() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cli
