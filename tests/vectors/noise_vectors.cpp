#include "crypto/noise.h"
#include "crypto/noise_pattern.h"
#include "tests/vectors/forms.h"

namespace attune::vectors {
namespace {

using crypto::KeyPair;
using crypto::NoiseHandshake;
using crypto::NoiseParty;
using crypto::NoiseRole;
using crypto::PublicKey;

constexpr std::size_t kMessageBytesMax = 65'535;

std::string joined_name(const Json& object, std::string_view pattern) {
  std::string dh = text(object, "dh");
  if (has(object, "hybrid")) dh += "+" + text(object, "hybrid");
  return "Noise_" + std::string(pattern) + "_" + dh + "_" + text(object, "cipher") + "_" +
         text(object, "hash");
}

std::string protocol_of(const Json& object) {
  if (has(object, "protocol_name")) return text(object, "protocol_name");
  if (has(object, "pattern")) return joined_name(object, text(object, "pattern"));
  return text(object, "name");
}

// The handshake that follows a first message the responder could not read (noise-c's `fallback`).
std::string fallback_protocol_of(const Json& object) {
  const std::string pattern =
      has(object, "fallback_pattern") ? text(object, "fallback_pattern") : "XXfallback";
  if (has(object, "dh")) return joined_name(object, pattern);
  const std::string name = text(object, "protocol_name");
  const std::size_t suite = name.find('_', name.find('_') + 1);
  expect(suite != std::string::npos, "the protocol's name has no suite");
  return "Noise_" + pattern + name.substr(suite);
}

// What the file says of one side; `side` is "init" or "resp".
struct Side {
  Bytes prologue;
  std::optional<KeyPair> static_key;
  std::optional<KeyPair> ephemeral;
  std::optional<PublicKey> remote_static;
  std::optional<PublicKey> remote_ephemeral;
  std::vector<crypto::Key> psks;
};

std::optional<KeyPair> pair_of(const Json& object, const std::string& key) {
  std::optional<Bytes> secret = hex_if_given(object, key);
  if (!secret) return std::nullopt;
  return KeyPair::from_secret(fixed<32>(*secret, key));
}

std::optional<PublicKey> public_of(const Json& object, const std::string& key) {
  std::optional<Bytes> bytes = hex_if_given(object, key);
  if (!bytes) return std::nullopt;
  return fixed<32>(*bytes, key);
}

Side side_of(const Json& object, const std::string& side) {
  Side out;
  out.prologue = hex_if_given(object, side + "_prologue").value_or(Bytes{});
  out.static_key = pair_of(object, side + "_static");
  out.ephemeral = pair_of(object, side + "_ephemeral");
  out.remote_static = public_of(object, side + "_remote_static");
  out.remote_ephemeral = public_of(object, side + "_remote_ephemeral");
  if (std::optional<Bytes> psk = hex_if_given(object, side + "_psk")) {
    out.psks.emplace_back(fixed<32>(*psk, "psk"));
  }
  if (has(object, side + "_psks")) {
    for (const Json& psk : at(object, side + "_psks")) {
      expect(psk.is_string(), "a psk is no text");
      out.psks.emplace_back(fixed<32>(bytes_of_hex(psk.get<std::string>()), "psk"));
    }
  }
  return out;
}

// A file may leave out what the other side's secret says anyway.
void fill_remote(Side& mine, const Side& other) {
  if (!mine.remote_static && other.static_key) mine.remote_static = other.static_key->public_key;
  if (!mine.remote_ephemeral && other.ephemeral)
    mine.remote_ephemeral = other.ephemeral->public_key;
}

NoiseParty party_of(const Side& side, NoiseRole role) {
  NoiseParty party;
  party.role = role;
  party.prologue = side.prologue;
  if (side.static_key) party.static_key = side.static_key->clone();
  if (side.ephemeral) party.fixed_ephemeral = side.ephemeral->clone();
  party.remote_static = side.remote_static;
  party.remote_ephemeral = side.remote_ephemeral;
  for (const crypto::Key& psk : side.psks) party.psks.push_back(psk.clone());
  return party;
}

// Both ends of one conversation and the messages between them.
class Conversation {
 public:
  explicit Conversation(const Json& object)
      : object_(object), init_side_(side_of(object, "init")), resp_side_(side_of(object, "resp")) {
    fill_remote(init_side_, resp_side_);
    fill_remote(resp_side_, init_side_);
    const std::string name = protocol_of(object);
    const bool psk_given = !init_side_.psks.empty() || !resp_side_.psks.empty();
    expect(!psk_given || name.find("psk") != std::string::npos, "a psk that no token takes");
    start(name, NoiseRole::kInitiator);
  }

  void run() {
    const Json& messages = at(object_, "messages");
    expect(messages.is_array() && !messages.empty(), "no messages");
    const bool last_is_refused = flag(object_, "fail");
    bool falls_back = flag(object_, "fallback");
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string what = "message " + std::to_string(i);
      const Bytes payload = hex_if_given(messages[i], "payload").value_or(Bytes{});
      const Bytes ciphertext = hex(messages[i], "ciphertext");
      expect(payload.size() + 512 < kMessageBytesMax, what + " is too long");
      const bool from_init = one_way_ || i % 2 == 0;
      if (last_is_refused && i + 1 == messages.size()) {
        expect(!receive(from_init, ciphertext), what + " is not refused");
        return;
      }
      expect_equal(send(from_init, payload), ciphertext, what);
      std::optional<Bytes> received = receive(from_init, ciphertext);
      if (falls_back) {
        expect(!received, what + " is understood, so there is nothing to fall back from");
        start(fallback_protocol_of(object_), NoiseRole::kResponder);
        falls_back = false;
        continue;
      }
      expect(received.has_value(), what + " is refused");
      expect_equal(*received, payload, what + ", as read,");
      finish_if_done();
    }
    check_end();
  }

 private:
  void start(const std::string& name, NoiseRole init_role) {
    one_way_ = crypto::parse_noise_name(name).messages.size() == 1;
    const NoiseRole resp_role =
        init_role == NoiseRole::kInitiator ? NoiseRole::kResponder : NoiseRole::kInitiator;
    init_.emplace(name, party_of(init_side_, init_role), random_);
    resp_.emplace(name, party_of(resp_side_, resp_role), random_);
  }

  Bytes send(bool from_init, ByteView payload) {
    if (init_transport_) {
      auto& sender = from_init ? *init_transport_ : *resp_transport_;
      return sender.send.encrypt({}, payload);
    }
    NoiseHandshake& sender = from_init ? *init_ : *resp_;
    expect(sender.my_turn(), "the wrong side speaks");
    std::optional<Bytes> message = sender.write(payload);
    expect(message.has_value(), "a key of low order");
    return *message;
  }

  std::optional<Bytes> receive(bool from_init, ByteView ciphertext) {
    if (init_transport_) {
      auto& receiver = from_init ? *resp_transport_ : *init_transport_;
      return receiver.receive.decrypt({}, ciphertext);
    }
    NoiseHandshake& receiver = from_init ? *resp_ : *init_;
    expect(!receiver.my_turn() && !receiver.finished(), "the wrong side listens");
    return receiver.read(ciphertext);
  }

  void finish_if_done() {
    if (init_transport_ || !init_->finished()) return;
    expect(resp_->finished(), "one side finishes before the other");
    if (std::optional<Bytes> hash = hex_if_given(object_, "handshake_hash")) {
      expect_equal(init_->handshake_hash(), *hash, "the initiator's handshake hash");
      expect_equal(resp_->handshake_hash(), *hash, "the responder's handshake hash");
    }
    expect_equal(init_->handshake_hash(), resp_->handshake_hash(), "the other's handshake hash");
    check_remote(*init_, resp_side_);
    check_remote(*resp_, init_side_);
    init_transport_.emplace(init_->split());
    resp_transport_.emplace(resp_->split());
  }

  static void check_remote(const NoiseHandshake& handshake, const Side& other) {
    std::optional<PublicKey> remote = handshake.remote_static();
    if (!remote || !other.static_key) return;
    expect_equal(*remote, other.static_key->public_key, "the other's static key");
  }

  void check_end() const { expect(init_transport_.has_value(), "the handshake does not end"); }

  const Json& object_;
  Side init_side_;
  Side resp_side_;
  bool one_way_ = false;  // all messages, transport too, go from the initiator
  crypto::SystemRandom random_;
  std::optional<NoiseHandshake> init_;
  std::optional<NoiseHandshake> resp_;
  std::optional<NoiseHandshake::Transport> init_transport_;
  std::optional<NoiseHandshake::Transport> resp_transport_;
};

std::string label_of(const Json& object, Place place) {
  for (const char* key : {"protocol_name", "name", "pattern"}) {
    if (has(object, key) && at(object, key).is_string()) return text(object, key);
  }
  return std::string(place);
}

}  // namespace

bool run_noise(const Json& object, Place place, Tally& tally) {
  if (!has(object, "messages")) return false;
  const bool named = has(object, "protocol_name") || has(object, "pattern");
  const bool keyed = has(object, "init_ephemeral") || has(object, "init_prologue");
  if (!named && !keyed) return false;
  tally.run("Noise", label_of(object, place), [&] { Conversation(object).run(); });
  return true;
}

}  // namespace attune::vectors
