#include "daemon/sync/pairing_codec.h"

#include <cassert>

#include "attune/v1/pairing.pb.h"
#include "proto/limits.h"

namespace attune::sync {
namespace {

std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

void fill(const Introduction& introduction, v1::Pairing& pairing) {
  v1::Introduction& wire = *pairing.mutable_introduction();
  wire.set_random(text_of(introduction.random));
  wire.set_person(text_of(introduction.person.view()));
  wire.set_name(introduction.name);
  wire.set_same(text_of(introduction.same));
}
void fill(const Confirm&, v1::Pairing& pairing) { pairing.mutable_confirm(); }
void fill(const Decline&, v1::Pairing& pairing) { pairing.mutable_decline(); }

std::optional<PairingMessage> decode(const v1::Introduction& wire) {
  Introduction introduction;
  const auto person = PersonId::from(as_bytes(wire.person()));
  if (!person || person->is_zero()) return std::nullopt;
  if (wire.random().size() != introduction.random.size()) return std::nullopt;
  if (wire.same().size() != introduction.same.size()) return std::nullopt;
  if (wire.name().empty() || wire.name().size() > limits::kNameBytesMax) return std::nullopt;
  Reader random(as_bytes(wire.random()));
  Reader same(as_bytes(wire.same()));
  introduction.random = random.take_array<sizeof(introduction.random)>();
  introduction.person = *person;
  introduction.name = wire.name();
  introduction.same = same.take_array<sizeof(introduction.same)>();
  return introduction;
}

}  // namespace

Bytes encode_pairing(const PairingMessage& message) {
  v1::Pairing pairing;
  std::visit([&pairing](const auto& body) { fill(body, pairing); }, message);
  Bytes out(pairing.ByteSizeLong());
  const bool written = pairing.SerializeToArray(out.data(), static_cast<int>(out.size()));
  assert(written);
  static_cast<void>(written);
  return out;
}

std::optional<PairingMessage> decode_pairing(ByteView body) {
  if (body.size() > kPairingMessageBytesMax) return std::nullopt;
  v1::Pairing pairing;
  if (!pairing.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  switch (pairing.body_case()) {
    case v1::Pairing::kIntroduction:
      return decode(pairing.introduction());
    case v1::Pairing::kConfirm:
      return Confirm{};
    case v1::Pairing::kDecline:
      return Decline{};
    case v1::Pairing::BODY_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace attune::sync
