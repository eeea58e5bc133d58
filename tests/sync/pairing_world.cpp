#include "tests/sync/pairing_world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "proto/limits.h"

namespace attune::sync::testing {
namespace {

constexpr std::size_t kNonceBytes = 16;

template <typename Value>
const Value* last_of(const std::vector<AnswerOut>& answers) {
  for (auto each = answers.rbegin(); each != answers.rend(); ++each) {
    if (const auto* value = std::get_if<Value>(&each->answer)) return value;
  }
  return nullptr;
}

}  // namespace

// ---- Phone

Phone::Phone(std::string name, std::uint64_t seed, const Endpoint& at)
    : random(seed), self(make_self(std::move(name), random)), endpoint(at) {
  reopen();
}

void Phone::reopen() {
  std::vector<Record> records;
  for (const auto& [type, body] : disk) records.push_back({.type = type, .name = {}, .body = body});
  partner = partner_on_disk();
  pairing = Pairing::open({.self = &self, .partner = &partner, .random = &random}, records);
  ASSERT_NE(pairing, nullptr);
  pairing->set_addresses({endpoint});
  answers.clear();
  request = {};
}

RequestId Phone::new_request() {
  static std::uint64_t next = 0;
  answers.clear();
  request = RequestId{++next};
  return request;
}

Failed Phone::failed() const {
  const auto* failed = last_of<Failed>(answers);
  return failed == nullptr ? Failed{.code = Code::kFailed, .reason = {}, .detail = {}, .wait = {}}
                           : *failed;
}

bool Phone::said_paired() const { return last_of<Paired>(answers) != nullptr; }

std::optional<CheckPhrase> Phone::phrase() const {
  const auto* phrase = last_of<CheckPhrase>(answers);
  if (phrase == nullptr) return std::nullopt;
  return *phrase;
}

Invitation Phone::invitation() const { return *last_of<Invitation>(answers); }

bool Phone::ended() const { return !answers.empty() && answers.back().last; }

std::optional<Partner> Phone::partner_on_disk() const {
  const auto record = disk.find(RecordType::kPartner);
  return record == disk.end() ? std::nullopt : decode_partner(record->second);
}

// ---- PairingWorld

PairingWorld::PairingWorld()
    : ada("Ada", 101, Endpoint::v4({192, 0, 2, 1}, 4001)),
      ben("Ben", 102, Endpoint::v4({192, 0, 2, 2}, 4002)),
      eve("Eve", 103, Endpoint::v4({192, 0, 2, 3}, 4003)) {
  now.steady.since = 1h;
  now.wall.seconds = 1'800'000'000;
}

void PairingWorld::invite(Phone& phone) {
  Output out;
  phone.pairing->invite(phone.new_request(), false, now, out);
  perform(phone, std::move(out));
}

void PairingWorld::join(Phone& phone, const std::string& code, std::chrono::seconds wait) {
  Output out;
  phone.pairing->join_by_code(phone.new_request(), {.code = code, .wait = wait}, now, out);
  perform(phone, std::move(out));
}

void PairingWorld::scan(Phone& phone, const std::string& qr) {
  Output out;
  phone.pairing->join_by_qr(phone.new_request(), {.text = qr}, now, out);
  perform(phone, std::move(out));
  start_dials(phone);
}

void PairingWorld::say(Phone& phone, bool yes) {
  Output out;
  phone.pairing->reply(phone.request, yes, now, out);
  perform(phone, std::move(out));
}

void PairingWorld::leave(Phone& phone) {
  Output out;
  phone.pairing->client_gone(phone.request, now, out);
  perform(phone, std::move(out));
}

bool PairingWorld::hear(Phone& joiner, Phone& issuer) {
  if (!joiner.pairing->wants_dial(issuer.endpoint, now)) return false;
  connect(joiner, issuer.endpoint, kNonceBytes);
  return true;
}

void PairingWorld::start_dials(Phone& phone) {
  for (const Endpoint& to : phone.pairing->take_dials()) connect(phone, to, 0);
}

void PairingWorld::connect(Phone& from, const Endpoint& to, std::size_t raw_answer) {
  const LinkId link{++links_};
  Phone* target = nullptr;
  for (Phone* phone : {&ada, &ben, &eve}) {
    if (phone->endpoint == to) target = phone;
  }
  Output out;
  if (target == nullptr) {
    from.pairing->dial_failed(link, now, out);
    return perform(from, std::move(out));
  }
  Wire wire;
  wire.dialler.phone = &from;
  wire.dialler.link = link;
  wire.dialler.raw_next = raw_answer > 0;
  wire.listener.phone = target;
  wire.listener.link = LinkId{++links_};
  wire.listener.raw_next = true;
  wires_.push_back(std::move(wire));
  from.pairing->dialled(link, to, now, out);
  perform(from, std::move(out));
}

PairingWorld::Wire* PairingWorld::wire_of(const Phone& phone, LinkId link, End** mine,
                                          End** other) {
  for (Wire& wire : wires_) {
    for (const bool dialler : {true, false}) {
      End& end = dialler ? wire.dialler : wire.listener;
      if (end.phone != &phone || end.link != link) continue;
      *mine = &end;
      *other = dialler ? &wire.listener : &wire.dialler;
      return &wire;
    }
  }
  return nullptr;
}

void PairingWorld::perform(Phone& phone, Output out) {
  for (const RecordChange& change : out.persist.changes) {
    EXPECT_TRUE(change.name.empty());
    if (change.body) {
      phone.disk[change.type] = *change.body;
    } else {
      phone.disk.erase(change.type);
    }
  }
  for (AnswerOut& answer : out.answers) {
    if (answer.request == phone.request) phone.answers.push_back(std::move(answer));
  }
  End* mine = nullptr;
  End* other = nullptr;
  for (UnitOut& unit : out.units) {
    const Wire* wire = wire_of(phone, unit.link, &mine, &other);
    ASSERT_NE(wire, nullptr);
    EXPECT_FALSE(mine->hung_up);
    EXPECT_EQ(unit.framed, !other->raw_next) << "net cuts units by place, not by wish";
    EXPECT_LE(unit.bytes.size(), limits::kHandshakeBytesMax);
    other->raw_next = false;
    other->inbox.push_back(std::move(unit.bytes));
  }
  for (const LinkAct& act : out.links) {
    if (std::holds_alternative<Extend>(act)) ++extensions;
    const auto* hangup = std::get_if<Hangup>(&act);
    if (hangup != nullptr && wire_of(phone, hangup->link, &mine, &other) != nullptr) {
      mine->hung_up = true;
    }
  }
  if (auto finished = phone.pairing->take_finished()) {
    phone.partner = std::move(finished->partner);
    phone.reached = std::move(finished->addresses);
  }
}

bool PairingWorld::deliver_one(Wire& wire, End& to) {
  if (wire.closed || to.inbox.empty()) return false;
  Bytes unit = std::move(to.inbox.front());
  to.inbox.pop_front();
  seen.push_back(unit);
  const Fate fate = tap ? tap(delivered, unit) : Fate::kPass;
  ++delivered;
  if (fate == Fate::kCut) {
    close(wire);
    return true;
  }
  if (fate == Fate::kLose || to.hung_up || to.phone == nullptr) return true;
  Output out;
  if (&to == &wire.listener && !wire.opened) {
    wire.opened = true;
    if (!to.phone->pairing->accept(to.link, unit, now, out)) to.hung_up = true;
  } else if (to.phone->pairing->owns(to.link)) {
    to.phone->pairing->unit(to.link, unit, now, out);
  }
  perform(*to.phone, std::move(out));
  return true;
}

/// Both ends that still stand hear of it.
void PairingWorld::close(Wire& wire) {
  if (wire.closed) return;
  wire.closed = true;
  for (End* end : {&wire.dialler, &wire.listener}) {
    if (end->phone == nullptr || end->hung_up || !end->phone->pairing->owns(end->link)) continue;
    Output out;
    end->phone->pairing->closed(end->link, now, out);
    perform(*end->phone, std::move(out));
  }
}

void PairingWorld::run() {
  for (bool busy = true; busy;) {
    busy = false;
    for (std::size_t i = 0; i < wires_.size(); ++i) {
      Wire& wire = wires_[i];
      busy = deliver_one(wire, wire.listener) || busy;
      busy = deliver_one(wire, wire.dialler) || busy;
      // An end that hung up is heard by the other once all that was said before has arrived.
      const bool said_all = (wire.dialler.hung_up && wire.listener.inbox.empty()) ||
                            (wire.listener.hung_up && wire.dialler.inbox.empty());
      if (!wire.closed && said_all) {
        close(wire);
        busy = true;
      }
    }
    for (Phone* phone : {&ada, &ben, &eve}) start_dials(*phone);
  }
}

void PairingWorld::pass(std::chrono::seconds time) {
  now.steady = now.steady + time;
  now.wall.seconds += time.count();
  for (Phone* phone : {&ada, &ben, &eve}) {
    Output out;
    phone->pairing->pass_time(now, out);
    perform(*phone, std::move(out));
  }
  run();
}

void PairingWorld::cut_all() {
  for (std::size_t i = 0; i < wires_.size(); ++i) close(wires_[i]);
}

bool PairingWorld::knock(Phone& phone, ByteView opening) {
  Wire wire;
  wire.listener.phone = &phone;
  wire.listener.link = LinkId{++links_};
  wire.opened = true;
  wire.dialler.raw_next = opening.size() > 1;
  wires_.push_back(std::move(wire));
  Output out;
  const bool let_in = phone.pairing->accept(wires_.back().listener.link, opening, now, out);
  perform(phone, std::move(out));
  if (!let_in) wires_.back().closed = true;
  return let_in;
}

void PairingWorld::strangers_leave() {
  for (std::size_t i = 0; i < wires_.size(); ++i) {
    if (wires_[i].dialler.phone == nullptr) close(wires_[i]);
  }
}

void PairingWorld::meet_by_code() {
  invite(ada);
  join(ben, ada.invitation().code);
  hear(ben, ada);
  run();
}

void PairingWorld::meet_by_qr() {
  invite(ada);
  scan(ben, ada.invitation().qr);
  run();
}

}  // namespace attune::sync::testing
