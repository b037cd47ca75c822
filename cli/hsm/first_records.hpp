// Audit records of the acts by which a host first gets its tokens and keys.
#pragma once

#include "cli/host.hpp"

namespace lamp::cli {

/// Records the event and carries it into the log. While the host's own token or its log key is not made yet, the record
/// waits in the outbox and a note says so; the next verb of any tool carries it on.
void record_act(Host& host, const audit::Event& event);

}  // namespace lamp::cli
