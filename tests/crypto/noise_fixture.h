#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crypto/noise.h"

namespace attune::crypto::testing {

/// Two parties who hold every key any pattern may ask for. Each call of `initiator()` or
/// `responder()` starts a handshake afresh, with the same ephemeral keys every time, so that a run
/// can be repeated to any point. Members may be changed before that.
class TwoParties {
 public:
  explicit TwoParties(const std::string& pattern, std::size_t psk_count = 2)
      : name(pattern + "_25519_ChaChaPoly_BLAKE2b") {
    SeededRandom random(1);
    alice = KeyPair::generate(random);
    bob = KeyPair::generate(random);
    alice_ephemeral = KeyPair::generate(random);
    bob_ephemeral = KeyPair::generate(random);
    for (std::size_t i = 0; i < psk_count; ++i) {
      alice_psks.push_back(random.key());
      bob_psks.push_back(alice_psks.back().clone());
    }
  }

  [[nodiscard]] NoiseParty initiator_party() const {
    NoiseParty party;
    party.role = NoiseRole::kInitiator;
    party.prologue = alice_prologue;
    party.static_key = alice.clone();
    party.remote_static = remote_of_alice.value_or(bob.public_key);
    party.fixed_ephemeral = alice_ephemeral.clone();
    party.remote_ephemeral = bob_ephemeral.public_key;
    for (const Key& psk : alice_psks) party.psks.push_back(psk.clone());
    return party;
  }
  [[nodiscard]] NoiseParty responder_party() const {
    NoiseParty party;
    party.role = NoiseRole::kResponder;
    party.prologue = bob_prologue;
    party.static_key = bob.clone();
    party.remote_static = alice.public_key;
    party.fixed_ephemeral = bob_ephemeral.clone();
    for (const Key& psk : bob_psks) party.psks.push_back(psk.clone());
    return party;
  }
  NoiseHandshake initiator() { return {name, initiator_party(), random_}; }
  NoiseHandshake responder() { return {name, responder_party(), random_}; }

  /// Carries messages across until one end refuses or both have finished; the payloads are "0",
  /// "1", ...
  static bool talk(NoiseHandshake& first, NoiseHandshake& second) {
    for (int i = 0; !(first.finished() && second.finished()); ++i) {
      NoiseHandshake& sender = first.my_turn() ? first : second;
      NoiseHandshake& receiver = first.my_turn() ? second : first;
      const std::string payload = std::to_string(i);
      std::optional<Bytes> message = sender.write(as_bytes(payload));
      if (!message) return false;
      std::optional<Bytes> heard = receiver.read(*message);
      if (!heard || as_text(*heard) != payload) return false;
    }
    return true;
  }
  /// Does a handshake between the two come to its end with one hash?
  bool agree() {
    NoiseHandshake first = initiator();
    NoiseHandshake second = responder();
    return talk(first, second) && first.handshake_hash() == second.handshake_hash();
  }

  std::string name;
  Bytes alice_prologue{1, 2, 3};
  Bytes bob_prologue{1, 2, 3};
  KeyPair alice;
  KeyPair bob;
  KeyPair alice_ephemeral;
  KeyPair bob_ephemeral;
  std::vector<Key> alice_psks;
  std::vector<Key> bob_psks;
  std::optional<PublicKey> remote_of_alice;

 private:
  SeededRandom random_{2};
};

}  // namespace attune::crypto::testing
