#pragma once

#include <optional>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace attune::crypto {

/// CPACE-RISTR255-SHA512 (draft-irtf-cfrg-cpace), initiator-responder. One value is one run.
class Cpace {
 public:
  struct Setting {
    ByteView password;  ///< PRS
    ByteView channel;   ///< CI
    ByteView session;   ///< sid
  };
  Cpace(const Setting& setting, Random& random);
  /// Test vectors alone.
  Cpace(const Setting& setting, std::span<const std::uint8_t, 32> scalar);

  [[nodiscard]] const std::array<std::uint8_t, 32>& share() const { return share_; }  ///< Ya or Yb

  struct Outcome {
    Secret<64> isk;
    Hash64 sid_output;
  };
  /// As the initiator (mine is Ya, ADa) or the responder (mine is Yb, ADb). nullopt when the peer's
  /// share is no group element or gives the identity.
  std::optional<Outcome> finish_as_initiator(ByteView my_ad, ByteView peer_share,
                                             ByteView peer_ad) const;
  std::optional<Outcome> finish_as_responder(ByteView my_ad, ByteView peer_share,
                                             ByteView peer_ad) const;

 private:
  std::optional<Secret<32>> shared_point(ByteView peer_share) const;

  Bytes session_;
  Key scalar_;
  std::array<std::uint8_t, 32> share_{};
};

}  // namespace attune::crypto
