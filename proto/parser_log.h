#pragma once

namespace attune {

/// The protobuf runtime says on standard error what it thinks of bytes that it cannot read. Those
/// bytes are somebody else's: from then on it is silent. Called once at the start of a program.
void silence_parser();

}  // namespace attune
