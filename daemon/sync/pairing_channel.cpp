#include "daemon/sync/pairing_channel.h"

#include <algorithm>
#include <cassert>

#include "crypto/derive.h"
#include "crypto/labels.h"
#include "daemon/sync/check_phrase.h"
#include "daemon/sync/transport_frame.h"

namespace attune::sync {
namespace {

namespace labels = crypto::labels;

constexpr std::string_view kPattern = "Noise_XXpsk0_25519_ChaChaPoly_BLAKE2b";

crypto::NoiseHandshake begin_handshake(PairingChannel::Setting& setting, const Self& self,
                                       crypto::Random& random) {
  crypto::NoiseParty party;
  party.role = setting.role;
  party.prologue = std::move(setting.secret.prologue);
  party.static_key = self.identity.clone();
  party.psks.push_back(std::move(setting.secret.psk));
  return {kPattern, std::move(party), random};
}

template <std::size_t N>
std::array<std::uint8_t, N> first_bytes(const crypto::Key& key) {
  std::array<std::uint8_t, N> out;
  std::copy_n(key.view().begin(), N, out.begin());
  return out;
}

/// Devices that wrote as this person before: what they wrote stays theirs. Their roots are of a
/// pairing that is over, so they get new ones that nobody else has.
void keep_past_devices(const Partner& known, Partner& partner, crypto::Random& random) {
  const DeviceId fresh = partner.devices.front().device;
  for (const PartnerDevice& device : known.devices) {
    if (device.device == fresh) continue;
    partner.devices.push_back({.device = device.device,
                               .identity = device.identity,
                               .live_root = random.key(),
                               .id_root = random.key()});
  }
}

}  // namespace

PairingChannel::PairingChannel(Setting setting, const People& people, crypto::Random& random)
    : setting_(std::move(setting)),
      people_(people),
      random_(random),
      handshake_(begin_handshake(setting_, *people.self, random)) {}

Bytes PairingChannel::begin() {
  assert(initiator() && !committed_);
  committed_ = true;
  auto message = handshake_.write({});
  assert(message);  // message 1 meets no key of the other side
  return std::move(*message);
}

PairingChannel::Step PairingChannel::on_frame(ByteView bytes) {
  switch (state_) {
    case State::kProving:
      return handshake(bytes);
    case State::kIntroducing:
      return introduced(bytes);
    case State::kIntroduced:
      return decided(bytes);
    case State::kOver:
      break;
  }
  return end(Event::kBroken);
}

PairingChannel::Step PairingChannel::end(Event event) {
  state_ = State::kOver;
  Step step;
  step.event = event;
  return step;
}

PairingChannel::Step PairingChannel::handshake(ByteView message) {
  const bool is_proof = initiator() || !committed_;
  const auto payload = handshake_.read(message);
  if (!payload || !payload->empty()) return end(is_proof ? Event::kWrongProof : Event::kBroken);
  committed_ = true;
  Step step;
  if (handshake_.my_turn()) {
    auto answer = handshake_.write({});
    if (!answer) return end(Event::kBroken);
    step.frames.push_back(std::move(*answer));
  }
  if (!handshake_.finished()) return step;
  const crypto::PublicKey theirs = *handshake_.remote_static();
  if (setting_.expected && hash_identity(theirs) != *setting_.expected) {
    return end(Event::kWrongProof);
  }
  if (theirs == people_.self->identity.public_key) return end(Event::kSamePerson);
  introduce(step);
  return step;
}

std::array<std::uint8_t, 16> PairingChannel::same(bool of_initiator) const {
  std::array<std::uint8_t, 32> couple{};
  if (people_.known != nullptr) {
    std::ranges::copy(people_.known->couple.bytes, couple.begin());
  }
  const std::string_view role = of_initiator ? labels::kSameInitiator : labels::kSameResponder;
  const crypto::Key tag = crypto::kdf(std::span<const std::uint8_t, 32>(couple), labels::kSame,
                                      ByteView(handshake_.handshake_hash()), role);
  return first_bytes<16>(tag);
}

void PairingChannel::introduce(Step& step) {
  transport_ = handshake_.split();
  state_ = State::kIntroducing;
  mine_.random = random_.bytes<32>();
  mine_.person = people_.self->person;
  mine_.name = people_.self->name;
  mine_.same = same(initiator());
  step.frames.push_back(seal(mine_));
}

PairingChannel::Step PairingChannel::introduced(ByteView sealed) {
  const auto frame = open_frame(transport_->receive, sealed);
  if (!frame || frame->type != FrameType::kMessage) return end(Event::kBroken);
  const auto message = decode_pairing(frame->body);
  const auto* theirs = message ? std::get_if<Introduction>(&*message) : nullptr;
  if (theirs == nullptr) return end(Event::kBroken);
  if (theirs->person == people_.self->person) return end(Event::kSamePerson);
  partner_ = make_partner(*theirs);
  if (partner_->devices.size() > limits::kPartnerDevicesMax) return end(Event::kBroken);
  setting_.secret.secret = crypto::Key();
  mine_.random = {};
  state_ = State::kIntroduced;
  Step step;
  step.event = Event::kIntroduced;
  return step;
}

PairingChannel::Step PairingChannel::decided(ByteView sealed) {
  const auto frame = open_frame(transport_->receive, sealed);
  if (!frame || frame->type != FrameType::kMessage) return end(Event::kBroken);
  const auto message = decode_pairing(frame->body);
  if (!message) return end(Event::kBroken);
  if (std::holds_alternative<Confirm>(*message)) return end(Event::kConfirmed);
  if (std::holds_alternative<Decline>(*message)) return end(Event::kDeclined);
  return end(Event::kBroken);
}

crypto::Key PairingChannel::make_root(const Introduction& theirs) const {
  const crypto::PublicKey my_key = people_.self->identity.public_key;
  const crypto::PublicKey their_key = *handshake_.remote_static();
  const bool first = initiator();
  return crypto::kdf(setting_.secret.secret.view(), labels::kPairRoot,
                     ByteView(handshake_.handshake_hash()),
                     ByteView(first ? mine_.random : theirs.random),
                     ByteView(first ? theirs.random : mine_.random),
                     ByteView(first ? my_key : their_key), ByteView(first ? their_key : my_key));
}

Partner PairingChannel::make_partner(const Introduction& theirs) const {
  const crypto::Key root = make_root(theirs);
  const crypto::PublicKey key = *handshake_.remote_static();
  Partner partner;
  partner.person = theirs.person;
  partner.name = theirs.name;
  partner.devices.push_back({.device = device_id(key),
                             .identity = key,
                             .live_root = crypto::kdf(root.view(), labels::kLiveRoot),
                             .id_root = crypto::kdf(root.view(), labels::kIdRoot),
                             .mailbox_root = crypto::kdf(root.view(), labels::kMailboxPairing)});
  const bool continues = people_.known != nullptr && people_.known->person == theirs.person &&
                         crypto::equal(theirs.same, same(!initiator()));
  if (continues) {
    partner.couple = people_.known->couple;
    keep_past_devices(*people_.known, partner, random_);
  } else {
    partner.couple.bytes = first_bytes<CoupleId::kSize>(crypto::kdf(root.view(), labels::kCouple));
  }
  return partner;
}

CheckPhrase PairingChannel::check_phrase() const {
  return sync::check_phrase(handshake_.handshake_hash());
}

Partner PairingChannel::take_partner() {
  assert(partner_);
  return std::move(*partner_);
}

Bytes PairingChannel::seal(const PairingMessage& message) {
  return seal_frame(transport_->send, FrameType::kMessage, encode_pairing(message));
}

}  // namespace attune::sync
