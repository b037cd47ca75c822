// Audit records of the acts by which a host first gets its tokens and keys.
#pragma once

#include "cli/host.hpp"

namespace lamp::cli {

/// Carries what is recorded into the log. While the host's own token or its log key is not made yet, the records wait
/// in the outbox and a note says so; the next verb of any tool carries them on.
void carry_records(Host& host);
/// Records the event and carries it into the log.
void record_act(Host& host, const audit::Event& event);

}  // namespace lamp::cli
