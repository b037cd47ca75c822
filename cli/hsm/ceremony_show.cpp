#include <ostream>

#include "cli/hsm/ceremony.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

struct ShowOptions {
  std::string transcript;
};

void declare(Arguments& a, ShowOptions& o) { a.positional("transcript", o.transcript, "transcript.cbor"); }

Exit show_transcript(const ShowOptions& o, World& world) {
  const auto records = in_context(o.transcript, [&] { return ceremony::parse_records(read_file(o.transcript)); });
  if (ceremony::mode_of(records.front()) == ceremony::Mode::rehearsal)
    world.out << "# REHEARSAL: nothing in here is real\n";
  world.out << "# Shown, not verified: 'lamp-hsm ceremony verify' checks it\n" << ceremony::show(records);
  return Exit::ok;
}

}  // namespace

void add_ceremony_show(Tool& tool) {
  tool.verb<ShowOptions>("ceremony show", "Show a ceremony's transcript as YAML", declare, show_transcript);
}

}  // namespace lamp::cli
