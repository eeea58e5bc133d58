#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/secret.h"

namespace attune::crypto {

using PublicKey = std::array<std::uint8_t, 32>;

/// An X25519 key pair.
struct KeyPair {
  Key secret;
  PublicKey public_key{};
  static KeyPair generate(Random& random);
  static KeyPair from_secret(std::span<const std::uint8_t, 32> secret);
  [[nodiscard]] KeyPair clone() const { return {secret.clone(), public_key}; }
};

/// X25519; nullopt when the result is all zero (a point of low order).
std::optional<Key> x25519(const Key& secret, const PublicKey& public_key);

enum class NoiseRole { kInitiator, kResponder };

/// What one party brings to a handshake. Keys that the pattern does not use are ignored.
struct NoiseParty {
  NoiseRole role = NoiseRole::kInitiator;
  Bytes prologue;
  std::optional<KeyPair> static_key;
  std::optional<PublicKey> remote_static;
  std::vector<Key> psks;  ///< in the order of the pattern's psk tokens
  /// Drawn at random where absent. Given by test vectors, and by the responder of a `fallback`, who
  /// has sent it already.
  std::optional<KeyPair> fixed_ephemeral;
  std::optional<PublicKey>
      remote_ephemeral;  ///< `fallback`, initiator: what the responder has sent
};

/// One direction of a finished handshake: encrypts or decrypts with a counter nonce. Never rekeyed
/// by itself; refuses to go past 2^64 - 2.
class CipherState {
 public:
  explicit CipherState(Key key) : key_(std::move(key)) {}
  Bytes encrypt(ByteView associated, ByteView plaintext);
  /// nullopt leaves the counter where it was.
  std::optional<Bytes> decrypt(ByteView associated, ByteView ciphertext);
  /// The same without associated data and without a copy; see seal_counter_in_place.
  void encrypt_in_place(std::span<std::uint8_t> room);
  [[nodiscard]] bool decrypt_in_place(std::span<std::uint8_t> sealed);
  [[nodiscard]] std::uint64_t counter() const { return counter_; }

 private:
  Key key_;
  std::uint64_t counter_ = 0;
};

/// A Noise handshake (The Noise Protocol Framework, revision 34) over any pattern and modifier of
/// the specification, parsed from its name, `Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b`: every
/// fundamental, deferred and one-way pattern, with `psk0`..`psk9` and `fallback`. The only suite is
/// 25519_ChaChaPoly_BLAKE2b. Messages alternate, the initiator first (under
/// `fallback` that is the party on the right of the notation). Borrows the Random while in
/// use.
class NoiseHandshake {
 public:
  /// Throws std::invalid_argument for a name that is no such pattern, or a party that lacks a key
  /// the pattern needs: our own mistakes both, as neither comes from outside.
  NoiseHandshake(std::string_view name, NoiseParty party, Random& random);
  NoiseHandshake(NoiseHandshake&&) noexcept;
  NoiseHandshake& operator=(NoiseHandshake&&) noexcept;
  ~NoiseHandshake();

  [[nodiscard]] bool my_turn() const;
  [[nodiscard]] bool finished() const;
  /// Requires my_turn(). nullopt when the peer's key gives an all-zero secret; the handshake is
  /// dead then.
  std::optional<Bytes> write(ByteView payload);
  /// Requires !my_turn() and !finished(). The payload, or nullopt: the handshake is dead then.
  std::optional<Bytes> read(ByteView message);

  /// The rest requires finished().
  [[nodiscard]] const Hash64& handshake_hash() const;
  [[nodiscard]] std::optional<PublicKey> remote_static() const;
  struct Transport {
    CipherState send;
    CipherState receive;
  };
  /// Once. For a one-way pattern only the initiator's `send` (the responder's `receive`) may be
  /// used.
  Transport split();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace attune::crypto
