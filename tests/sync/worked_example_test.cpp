#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <sstream>

#include "daemon/crdt/op_log.h"
#include "daemon/sync/identity.h"
#include "daemon/sync/notebook_records.h"
#include "daemon/sync/session.h"
#include "proto/kind_table.h"
#include "tests/sync/batch_of.h"

// The ops and messages of docs/protocol.md, Worked example, made anew. Each line of the document
// must say what comes out here.

namespace attune::sync {
namespace {

/// "xx.." of the document: as many bytes as the value has, each one more than the one before.
template <std::size_t N>
std::array<std::uint8_t, N> counting_from(std::uint8_t first) {
  std::array<std::uint8_t, N> out;
  std::iota(out.begin(), out.end(), first);
  return out;
}

/// What the document gives under a name, joined where it is cut into lines; nullopt where it
/// doesn't give this value under this name.
class Document {
 public:
  Document() {
    std::ifstream file(ATTUNE_SOURCE_DIR "/docs/protocol.md");
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("## ")) inside = line == "## 13 Worked example";
      if (inside) lines_.push_back(line);
    }
  }
  [[nodiscard]] bool says(const std::string& name, const std::string& hex) const {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!lines_[i].starts_with(name + "  ")) continue;
      std::string value = lines_[i].substr(lines_[i].find_first_not_of(' ', name.size()));
      for (std::size_t next = i + 1; next < lines_.size() && lines_[next].starts_with("    ");
           ++next) {
        value += lines_[next].substr(lines_[next].find_first_not_of(' '));
      }
      if (value == hex) return true;
    }
    return false;
  }

 private:
  std::vector<std::string> lines_;
};

class CountingRandom final : public crypto::Random {
 public:
  explicit CountingRandom(std::uint8_t first) : first_(first) {}
  void fill(std::span<std::uint8_t> out) override { std::iota(out.begin(), out.end(), first_); }

 private:
  std::uint8_t first_;
};

crypto::Key key_from(std::uint8_t first) { return CountingRandom(first).key(); }

Self self_of(std::uint8_t secret, std::uint8_t person) {
  Self self;
  self.identity = crypto::KeyPair::from_secret(counting_from<32>(secret));
  self.device = device_id(self.identity.public_key);
  self.person.bytes = counting_from<16>(person);
  self.author_key = key_from(0x80);
  return self;
}

crdt::Slot slot_of(std::uint32_t field, std::uint8_t salt, Bytes bytes) {
  crdt::Slot slot;
  slot.field = field;
  slot.body = {.salt = counting_from<16>(salt), .bytes = std::move(bytes)};
  return slot;
}

crdt::Slot firmness(std::uint8_t salt, std::uint8_t value, crdt::Over over) {
  crdt::Slot slot = slot_of(3, salt, {0x18, value});
  slot.rank = value - 1u;
  slot.over = std::move(over);
  return slot;
}

class WorkedExample : public ::testing::Test {
 protected:
  WorkedExample() : log(crdt::StreamId::both({counting_from<16>(0xc0)})) {
    const EntryId boundary = crdt::make_entry_id(a.person, 10, counting_from<10>(1));
    const EntryId thanks = crdt::make_entry_id(b.person, 14, counting_from<10>(0x21));
    first_a =
        write(actor_a, boundary, 10,
              {slot_of(1, 0xd0, wire_field(1, as_bytes("not on Sundays"))), firmness(0xe0, 3, {})});
    first_b = write(actor_b, thanks, 14, {slot_of(1, 0xf0, wire_field(1, as_bytes("soup")))});
    second_a = write(actor_a, boundary, 10,
                     {firmness(0x50, 2, {.reach = crdt::Over::Reach::kPast, .dots = {}})});
  }

  crdt::Op write(const crdt::Actor& as, const EntryId& entry, std::uint32_t kind,
                 std::vector<crdt::Slot> slots) {
    crdt::Op op;
    op.entry = entry;
    op.kind = kind;
    op.day = {20'781};
    op.slots = std::move(slots);
    op = log.compose(as, std::move(op));
    EXPECT_EQ(log.append(op, {}), crdt::OpLog::Taken::kAppended);
    return op;
  }

  void expect(const std::string& name, ByteView bytes) const {
    EXPECT_TRUE(document.says(name, to_hex(bytes))) << name << '\n' << to_hex(bytes);
  }
  void expect_chain(const std::string& name, const crdt::Op& op) const {
    expect(name, log.find(op.dot)->chain);
  }
  void expect_tag(const crdt::Op& op) const {
    expect("tag", make_author_tag(a.author_key, op.dot, log.find(op.dot)->chain));
  }
  [[nodiscard]] Greeting greeting() const {
    Endpoint address;
    address.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
    address.port = 4'711;
    return {.digest = log.digest(), .moved = log.vector(), .whole = true, .addresses = {address}};
  }

  Document document;
  Self a = self_of(0, 0xa0);
  Self b = self_of(0x20, 0xb0);
  crdt::OpLog log;
  crdt::Actor actor_a{log.stream(), a.device, {counting_from<8>(1)}};
  crdt::Actor actor_b{log.stream(), b.device, {counting_from<8>(0x11)}};
  crdt::Op first_a;
  crdt::Op first_b;
  crdt::Op second_a;
};

TEST_F(WorkedExample, Ops) {
  expect("device A", a.device.view());
  expect("device B", b.device.view());
  expect("chain(0) of A", crdt::first_chain(actor_a));
  expect("op", crdt::encode_op(first_a));
  expect("commitment 0", first_a.slots[0].commitment);
  expect("commitment 1", first_a.slots[1].commitment);
  expect("rest_hash", first_a.rest_hash);
  expect_chain("chain(1)", first_a);
  expect_tag(first_a);
  crdt::Op erased = first_a;
  for (crdt::Slot& slot : erased.slots) slot.body.reset();
  expect("bodies erased", crdt::encode_op(erased));
  crdt::make_husk(erased);
  expect("husk", crdt::encode_op(erased));

  expect("B/1", crdt::encode_op(first_b));
  expect("rest_hash", first_b.rest_hash);
  expect("chain(0) of B", crdt::first_chain(actor_b));
  expect_chain("chain(1) of B", first_b);

  expect("A/2", crdt::encode_op(second_a));
  expect("rest_hash", second_a.rest_hash);
  expect_chain("chain(2) of A", second_a);
  expect_tag(second_a);
  expect("digest of log", log.digest());
  expect("vector", encode_vector(log.vector()));
}

TEST_F(WorkedExample, Messages) {
  expect("Greeting", encode_sync(greeting()));
  expect("Ack", encode_sync(Ack{.moved = log.vector()}));
  expect("Even", encode_sync(Even{.number = 7, .answer = false, .moved = log.vector()}));
  expect("Ops", encode_sync(batch_of(first_b, make_author_tag(a.author_key, first_b.dot,
                                                              log.find(first_b.dot)->chain))));
}

TEST_F(WorkedExample, LiveSession) {
  const auto partner_of = [this](const Self& self) {
    Partner partner{
        .person = self.person, .name = {}, .couple = log.stream().couple, .devices = {}};
    partner.devices.push_back({.device = self.device,
                               .identity = self.identity.public_key,
                               .live_root = key_from(0x40),
                               .id_root = key_from(0x60)});
    return partner;
  };
  const Partner of_a = partner_of(b);
  const Partner of_b = partner_of(a);
  CountingRandom random_a(0x70);
  CountingRandom random_b(0x90);
  HelloMemory memory;
  auto dialler = Session::dial(a, of_a, of_a.devices.front(), random_a);
  ASSERT_TRUE(dialler.has_value());
  expect("hello", dialler->units.front().bytes);
  auto listener = Session::accept(dialler->units.front().bytes, b, of_b, memory, random_b);
  ASSERT_TRUE(listener.has_value());
  expect("answer", listener->units.front().bytes);
  dialler->session.on_unit(listener->units.front().bytes);
  expect("h", dialler->session.handshake_hash());
  const Bytes frame = dialler->session.seal(greeting());
  EXPECT_EQ(frame.size(), 512u + 16u);
  expect("frame, first 48", ByteView(frame).first(48));
  expect("frame, last 16", ByteView(frame).last(16));
}

}  // namespace
}  // namespace attune::sync
