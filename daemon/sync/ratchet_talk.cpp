#include "daemon/sync/ratchet_talk.h"

namespace attune::sync {
namespace {

NewRatchet only_parcel(Bytes parcel) {
  return {.random = {}, .key = {}, .parcel = std::move(parcel)};
}

}  // namespace

NewRatchet RatchetTalk::offer(crypto::Random& random) {
  state_ = State::kOffered;
  random_ = random.bytes<32>();
  key_ = crypto::KeyPair::generate(random);
  return {.random = random_, .key = key_->public_key, .parcel = {}};
}

std::optional<NewRatchet> RatchetTalk::start(crypto::Random& random) {
  if (state_ != State::kQuiet) return std::nullopt;
  if (!dialled_) return offer(random);
  state_ = State::kAsked;
  return NewRatchet{};
}

std::optional<NewRatchet> RatchetTalk::heard(const NewRatchet& said, const Session& session,
                                             Ratchets& ratchets, crypto::Random& random) {
  switch (said.step()) {
    case NewRatchet::Step::kAsk:
      if (dialled_ || state_ != State::kQuiet) return std::nullopt;
      return offer(random);
    case NewRatchet::Step::kOffer:
      if (!dialled_ || state_ > State::kAsked) return std::nullopt;
      return begin(said, session, ratchets, random);
    case NewRatchet::Step::kBegin:
      if (state_ != State::kOffered) return std::nullopt;
      return turn(said, session, ratchets, random);
    case NewRatchet::Step::kTurn:
      if (state_ != State::kBegun && state_ != State::kTurned) return std::nullopt;
      if (!std::holds_alternative<Bytes>(ratchets.open(said.parcel, random))) return std::nullopt;
      state_ = State::kDone;
      if (!dialled_) return std::nullopt;
      return only_parcel(ratchets.seal({}, random));
  }
  return std::nullopt;
}

std::optional<NewRatchet> RatchetTalk::begin(const NewRatchet& offered, const Session& session,
                                             Ratchets& ratchets, crypto::Random& random) {
  const auto mine = random.bytes<32>();
  const crypto::Key secret =
      ratchet_secret(*session.live_root, *session.handshake, mine, *offered.random);
  auto parcel = ratchets.begin(secret, *offered.key, random);
  if (!parcel) return std::nullopt;
  state_ = State::kBegun;
  return NewRatchet{.random = mine, .key = {}, .parcel = std::move(*parcel)};
}

std::optional<NewRatchet> RatchetTalk::turn(const NewRatchet& begun, const Session& session,
                                            Ratchets& ratchets, crypto::Random& random) {
  const crypto::Key secret =
      ratchet_secret(*session.live_root, *session.handshake, *begun.random, random_);
  auto parcel = ratchets.answer(secret, key_->clone(), begun.parcel, random);
  if (!parcel) return std::nullopt;
  state_ = State::kTurned;
  key_.reset();
  return only_parcel(std::move(*parcel));
}

}  // namespace attune::sync
