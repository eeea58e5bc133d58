#pragma once

#include <optional>
#include <vector>

#include "daemon/sync/session.h"

namespace attune::sync::testing {

/// Two devices of a couple, with the roots that a pairing would have given them.
class PairedDevices {
 public:
  PairedDevices();

  /// As the other side knows this one.
  [[nodiscard]] static Partner partner_of(const Self& self, const crypto::Key& live_root,
                                          const CoupleId& couple);
  /// Ada dials, Ben answers. Both are established then; nothing is confirmed.
  struct Link {
    Session dialler;
    Session listener;
    Bytes hello;
    Bytes answer;
  };
  [[nodiscard]] Link connect();
  [[nodiscard]] Session::Started dial();
  [[nodiscard]] std::optional<Session::Started> answer(ByteView hello);

  crypto::SeededRandom random{7};
  Self ada;
  Self ben;
  CoupleId couple;
  crypto::Key live_root;
  Partner ben_as_partner;  ///< Ada's
  Partner ada_as_partner;  ///< Ben's
  HelloMemory memory;      ///< Ben's
};

/// A vector of `actors` rows of two devices in one stream.
crdt::VersionVector make_vector(std::size_t actors, crypto::Random& random);

}  // namespace attune::sync::testing
