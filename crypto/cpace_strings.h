#pragma once

#include <cstddef>

#include "proto/bytes.h"

namespace attune::crypto {

/// What CPace (draft-irtf-cfrg-cpace) hashes, as bytes. Its prepend_len and lv_cat are our
/// append_lv and lv.
struct CpaceGeneratorInput {
  ByteView domain;             ///< G.DSI
  ByteView password;           ///< PRS
  ByteView channel;            ///< CI
  ByteView session;            ///< sid
  std::size_t hash_block = 0;  ///< H.s_in_bytes
};
/// Fills the hash's first block with domain, password and zeros, so that the password's length does
/// not show in the time the hash takes.
Bytes cpace_generator_string(const CpaceGeneratorInput& input);

/// One side's half of a transcript: its share and its associated data.
struct CpaceFlight {
  ByteView share;
  ByteView ad;
};
/// transcript_ir: the initiator's flight, then the responder's.
Bytes cpace_transcript(const CpaceFlight& initiator, const CpaceFlight& responder);

}  // namespace attune::crypto
