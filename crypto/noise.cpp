#include "crypto/noise.h"

#include <sodium.h>

#include <cassert>
#include <limits>
#include <stdexcept>

#include "crypto/derive.h"
#include "crypto/noise_pattern.h"
#include "crypto/seal.h"
#include "crypto/sodium_ready.h"

namespace attune::crypto {
namespace {

constexpr std::size_t kMessageBytesMax = 65'535;

// The specification's SymmetricState: chaining key, hash of all that was said, and the current
// cipher.
class Symmetric {
 public:
  explicit Symmetric(std::string_view protocol_name) {
    if (protocol_name.size() <= hash_.size()) {
      std::memcpy(hash_.data(), protocol_name.data(), protocol_name.size());
    } else {
      hash_ = blake2b_512(as_bytes(protocol_name));
    }
    std::memcpy(chaining_key_.writable().data(), hash_.data(), hash_.size());
  }

  [[nodiscard]] const Hash64& hash() const { return hash_; }
  [[nodiscard]] std::size_t tag_bytes() const { return cipher_ ? kTagBytes : 0; }

  void mix_hash(ByteView data) { hash_ = Hasher(64).add(hash_).add(data).finish<64>(); }

  void mix_key(ByteView input) {
    Secret<128> out = hkdf_blake2b<2>(chaining_key_.view(), input);
    chaining_key_ = Secret<64>(out.view().first<64>());
    cipher_.emplace(Key(out.view().subspan<64, 32>()));
  }

  void mix_key_and_hash(ByteView input) {
    Secret<192> out = hkdf_blake2b<3>(chaining_key_.view(), input);
    chaining_key_ = Secret<64>(out.view().first<64>());
    mix_hash(out.view().subspan<64, 64>());
    cipher_.emplace(Key(out.view().subspan<128, 32>()));
  }

  Bytes encrypt_and_hash(ByteView plaintext) {
    Bytes out =
        cipher_ ? cipher_->encrypt(hash_, plaintext) : Bytes(plaintext.begin(), plaintext.end());
    mix_hash(out);
    return out;
  }

  std::optional<Bytes> decrypt_and_hash(ByteView ciphertext) {
    std::optional<Bytes> out;
    if (cipher_) {
      out = cipher_->decrypt(hash_, ciphertext);
    } else {
      out.emplace(ciphertext.begin(), ciphertext.end());
    }
    if (out) mix_hash(ciphertext);
    return out;
  }

  // The first key is for what the initiator sends.
  [[nodiscard]] std::array<Key, 2> split() const {
    Secret<128> out = hkdf_blake2b<2>(chaining_key_.view(), {});
    return {Key(out.view().first<32>()), Key(out.view().subspan<64, 32>())};
  }

 private:
  Secret<64> chaining_key_;
  Hash64 hash_{};
  std::optional<CipherState> cipher_;
};

PublicKey public_key_of(ByteView bytes) {
  PublicKey key{};
  assert(bytes.size() == key.size());
  std::memcpy(key.data(), bytes.data(), key.size());
  return key;
}

}  // namespace

KeyPair KeyPair::generate(Random& random) { return from_secret(random.key().view()); }

KeyPair KeyPair::from_secret(std::span<const std::uint8_t, 32> secret) {
  sodium_ready();
  KeyPair pair{.secret = Key(secret)};
  crypto_scalarmult_curve25519_base(pair.public_key.data(), pair.secret.view().data());
  return pair;
}

std::optional<Key> x25519(const Key& secret, const PublicKey& public_key) {
  sodium_ready();
  Key shared;
  if (crypto_scalarmult_curve25519(shared.writable().data(), secret.view().data(),
                                   public_key.data()) != 0) {
    return std::nullopt;
  }
  return shared;
}

Bytes CipherState::encrypt(ByteView associated, ByteView plaintext) {
  assert(counter_ < std::numeric_limits<std::uint64_t>::max());
  return seal_counter(key_.view(), counter_++, associated, plaintext);
}

std::optional<Bytes> CipherState::decrypt(ByteView associated, ByteView ciphertext) {
  if (counter_ == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  std::optional<Bytes> plaintext = open_counter(key_.view(), counter_, associated, ciphertext);
  if (plaintext) ++counter_;
  return plaintext;
}

void CipherState::encrypt_in_place(std::span<std::uint8_t> room) {
  assert(counter_ < std::numeric_limits<std::uint64_t>::max());
  seal_counter_in_place(key_.view(), counter_++, room);
}

bool CipherState::decrypt_in_place(std::span<std::uint8_t> sealed) {
  if (counter_ == std::numeric_limits<std::uint64_t>::max()) return false;
  if (!open_counter_in_place(key_.view(), counter_, sealed)) return false;
  ++counter_;
  return true;
}

//   Talking --last message--> Finished --split()--> Split
//      '-- a refused message or key --> Dead
//   Talking  -> Finished   advance()   all messages of the pattern written or read
//   Talking  -> Dead       kill()      every later write() and read() gives nullopt
//   Finished -> Split      split()     the chaining key has been used for the last time
struct NoiseHandshake::State {
  enum class Stage { kTalking, kFinished, kSplit, kDead };

  State(std::string_view name, NoiseParty party, Random& source)
      : pattern(parse_noise_name(name)),
        role(party.role),
        is_alice((party.role == NoiseRole::kInitiator) != pattern.bob_first),
        symmetric(name),
        static_key(std::move(party.static_key)),
        fixed_ephemeral(std::move(party.fixed_ephemeral)),
        psks(std::move(party.psks)),
        random(source) {
    require(psks.size() >= pattern.psk_count, "a pre-shared key");
    symmetric.mix_hash(party.prologue);
    learn_beforehand(pattern.alice_known, is_alice, party);
    learn_beforehand(pattern.bob_known, !is_alice, party);
    for (std::size_t i = 0; i < pattern.messages.size(); ++i) {
      if (!sends(i)) continue;
      for (NoiseToken token : pattern.messages[i]) {
        if (token == NoiseToken::kS) require(static_key.has_value(), "a static key");
      }
    }
  }

  static void require(bool given, const char* what) {
    if (!given) throw std::invalid_argument(std::string("this Noise pattern needs ") + what);
  }

  [[nodiscard]] bool sends(std::size_t index) const {
    return (index % 2 == 0) == (role == NoiseRole::kInitiator);
  }

  void learn_beforehand(const NoiseTokens& tokens, bool mine, const NoiseParty& party) {
    for (NoiseToken token : tokens) {
      if (token == NoiseToken::kS && mine) {
        require(static_key.has_value(), "a static key");
        symmetric.mix_hash(static_key->public_key);
      } else if (token == NoiseToken::kS) {
        require(party.remote_static.has_value(), "the other's static key");
        remote_static = party.remote_static;
        symmetric.mix_hash(*remote_static);
      } else if (mine) {
        require(fixed_ephemeral.has_value(), "the ephemeral key already sent");
        ephemeral = std::move(fixed_ephemeral);
        fixed_ephemeral.reset();
        mix_ephemeral(ephemeral->public_key);
      } else {
        require(party.remote_ephemeral.has_value(), "the other's ephemeral key");
        remote_ephemeral = party.remote_ephemeral;
        mix_ephemeral(*remote_ephemeral);
      }
    }
  }

  void mix_ephemeral(const PublicKey& key) {
    symmetric.mix_hash(key);
    if (pattern.psk_count > 0) symmetric.mix_key(key);
  }

  // False for a point of low order. Which of my keys meets which of the other's.
  bool mix_shared(bool my_static, bool remote_is_static) {
    const std::optional<KeyPair>& mine = my_static ? static_key : ephemeral;
    const std::optional<PublicKey>& theirs = remote_is_static ? remote_static : remote_ephemeral;
    assert(mine && theirs);
    std::optional<Key> shared = x25519(mine->secret, *theirs);
    if (shared) symmetric.mix_key(shared->view());
    return shared.has_value();
  }

  // The tokens that write nothing: both sides treat them alike.
  bool mix_token(NoiseToken token) {
    switch (token) {
      case NoiseToken::kEe:
        return mix_shared(false, false);
      case NoiseToken::kEs:
        return mix_shared(!is_alice, is_alice);
      case NoiseToken::kSe:
        return mix_shared(is_alice, !is_alice);
      case NoiseToken::kSs:
        return mix_shared(true, true);
      case NoiseToken::kPsk:
        symmetric.mix_key_and_hash(psks[next_psk++].view());
        return true;
      case NoiseToken::kE:
      case NoiseToken::kS:
        break;
    }
    assert(false);
    return false;
  }

  bool write_token(NoiseToken token, Bytes& out) {
    if (token == NoiseToken::kE) {
      ephemeral = fixed_ephemeral ? std::move(*fixed_ephemeral) : KeyPair::generate(random);
      fixed_ephemeral.reset();
      append(out, ephemeral->public_key);
      mix_ephemeral(ephemeral->public_key);
      return true;
    }
    if (token == NoiseToken::kS) {
      append(out, symmetric.encrypt_and_hash(static_key->public_key));
      return true;
    }
    return mix_token(token);
  }

  bool read_token(NoiseToken token, Reader& reader) {
    if (token == NoiseToken::kE) {
      ByteView key = reader.take(32);
      if (!reader.ok()) return false;
      remote_ephemeral = public_key_of(key);
      mix_ephemeral(*remote_ephemeral);
      return true;
    }
    if (token == NoiseToken::kS) {
      ByteView sealed = reader.take(32 + symmetric.tag_bytes());
      if (!reader.ok()) return false;
      std::optional<Bytes> key = symmetric.decrypt_and_hash(sealed);
      if (!key) return false;
      remote_static = public_key_of(*key);
      return true;
    }
    return mix_token(token);
  }

  void advance() {
    if (++message == pattern.messages.size()) stage = Stage::kFinished;
  }

  std::nullopt_t kill() {
    stage = Stage::kDead;
    return std::nullopt;
  }

  NoisePattern pattern;
  NoiseRole role;
  bool is_alice;
  Symmetric symmetric;
  std::optional<KeyPair> static_key;
  std::optional<KeyPair> ephemeral;
  std::optional<KeyPair> fixed_ephemeral;
  std::optional<PublicKey> remote_static;
  std::optional<PublicKey> remote_ephemeral;
  std::vector<Key> psks;
  std::size_t next_psk = 0;
  std::size_t message = 0;
  Stage stage = Stage::kTalking;
  Random& random;
};

NoiseHandshake::NoiseHandshake(std::string_view name, NoiseParty party, Random& random)
    : state_(std::make_unique<State>(name, std::move(party), random)) {}
NoiseHandshake::NoiseHandshake(NoiseHandshake&&) noexcept = default;
NoiseHandshake& NoiseHandshake::operator=(NoiseHandshake&&) noexcept = default;
NoiseHandshake::~NoiseHandshake() = default;

bool NoiseHandshake::my_turn() const {
  return state_->stage == State::Stage::kTalking && state_->sends(state_->message);
}

bool NoiseHandshake::finished() const {
  return state_->stage == State::Stage::kFinished || state_->stage == State::Stage::kSplit;
}

std::optional<Bytes> NoiseHandshake::write(ByteView payload) {
  State& state = *state_;
  if (state.stage == State::Stage::kDead) return std::nullopt;
  assert(my_turn());
  Bytes out;
  for (NoiseToken token : state.pattern.messages[state.message]) {
    if (!state.write_token(token, out)) return state.kill();
  }
  append(out, state.symmetric.encrypt_and_hash(payload));
  assert(out.size() <= kMessageBytesMax);
  state.advance();
  return out;
}

std::optional<Bytes> NoiseHandshake::read(ByteView message) {
  State& state = *state_;
  if (state.stage == State::Stage::kDead) return std::nullopt;
  assert(!my_turn() && !finished());
  if (message.size() > kMessageBytesMax) return state.kill();
  Reader reader(message);
  for (NoiseToken token : state.pattern.messages[state.message]) {
    if (!state.read_token(token, reader)) return state.kill();
  }
  std::optional<Bytes> payload = state.symmetric.decrypt_and_hash(reader.take(reader.left()));
  if (!payload) return state.kill();
  state.advance();
  return payload;
}

const Hash64& NoiseHandshake::handshake_hash() const {
  assert(finished());
  return state_->symmetric.hash();
}

std::optional<PublicKey> NoiseHandshake::remote_static() const {
  assert(finished());
  return state_->remote_static;
}

NoiseHandshake::Transport NoiseHandshake::split() {
  assert(state_->stage == State::Stage::kFinished);
  state_->stage = State::Stage::kSplit;
  auto [first, second] = state_->symmetric.split();
  if (state_->role == NoiseRole::kInitiator) {
    return {CipherState(std::move(first)), CipherState(std::move(second))};
  }
  return {CipherState(std::move(second)), CipherState(std::move(first))};
}

}  // namespace attune::crypto
