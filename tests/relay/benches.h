#pragma once

#include <vector>

#include "proto/relay_url.h"
#include "tests/relay/raw_forwarder.h"

namespace attune::relay {

/// Everything that an operator may limit, wide open.
inline constexpr const char* kWideConfig =
    "[limits]\nputs_per_second = 65535\nputs_burst = 65535\nconnects_per_second = 1000000\n"
    "connections_per_source = 1000000\nnew_bytes_per_day = 1000000000000\nhalf_open = 20000\n"
    "pipe_free_bytes_per_day = 1000000000000000\n";

/// Each measures one subject and prints its lines. Figures count only on a machine that does
/// nothing else. Source: docs/performance.md.
void measure_pipe();        ///< in bulk, beside strelaysrv too where that is installed
void measure_little();      ///< little messages of many pairs
void measure_rate();        ///< a pipe beyond its free share, under the default limits
void measure_handshakes();  ///< NK, both sides
void measure_memory();      ///< of idle subscribers
void measure_puts();        ///< durable ones
void measure_push();        ///< from a put to its push
void measure_looks();       ///< a mailbox that is empty beside one that is not there

}  // namespace attune::relay
