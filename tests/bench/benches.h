#pragma once

#include <cstddef>

namespace attune::bench {

/// Each measures one subject several times and prints its table. Figures count only on a machine
/// that does nothing else. Source: docs/performance.md.
void measure_memory(std::size_t runs);
void measure_sealed(std::size_t runs);
void measure_unlock(std::size_t runs);
void measure_handshakes(std::size_t runs);
void measure_daemons();
void measure_relay();

}  // namespace attune::bench
