#include "tests/sync/session_fixture.h"

namespace attune::sync::testing {

Partner PairedDevices::partner_of(const Self& self, const crypto::Key& live_root,
                                  const CoupleId& couple) {
  Partner partner;
  partner.person = self.person;
  partner.name = self.name;
  partner.couple = couple;
  partner.devices.push_back({.device = self.device,
                             .identity = self.identity.public_key,
                             .live_root = live_root.clone(),
                             .id_root = crypto::Key()});
  return partner;
}

PairedDevices::PairedDevices() {
  ada = make_self("Ada", random);
  ben = make_self("Ben", random);
  couple.bytes = random.bytes<16>();
  live_root = random.key();
  ben_as_partner = partner_of(ben, live_root, couple);
  ada_as_partner = partner_of(ada, live_root, couple);
}

Session::Started PairedDevices::dial() {
  return std::move(*Session::dial(ada, ben_as_partner, ben_as_partner.devices[0], random));
}

std::optional<Session::Started> PairedDevices::answer(ByteView hello) {
  return Session::accept(hello, ben, ada_as_partner, memory, random);
}

PairedDevices::Link PairedDevices::connect() {
  Session::Started dialled = dial();
  const Bytes hello = dialled.units.at(0).bytes;
  std::optional<Session::Started> answered = answer(hello);
  const Bytes answer_bytes = answered.value().units.at(0).bytes;
  dialled.session.on_unit(answer_bytes);
  return {.dialler = std::move(dialled.session),
          .listener = std::move(answered->session),
          .hello = hello,
          .answer = answer_bytes};
}

crdt::VersionVector make_vector(std::size_t actors, crypto::Random& random) {
  crdt::VersionVector vector;
  CoupleId couple;
  couple.bytes = random.bytes<16>();
  const std::array<std::array<std::uint8_t, 16>, 2> devices{random.bytes<16>(), random.bytes<16>()};
  for (std::size_t i = 0; i < actors; ++i) {
    crdt::Actor actor;
    actor.stream = crdt::StreamId::both(couple);
    actor.device.bytes = devices[i % devices.size()];
    actor.incarnation.bytes = random.bytes<8>();
    vector.raise(actor, 1 + random.below(1u << 30));
  }
  return vector;
}

}  // namespace attune::sync::testing
