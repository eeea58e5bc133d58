#include "tests/bench/durable_replica.h"

#include <cassert>
#include <cstdlib>
#include <utility>

#include "daemon/clock.h"
#include "daemon/store/vault.h"
#include "tests/bench/figures.h"

namespace attune::bench {
namespace {

Endpoint endpoint_of(std::size_t side) {
  Endpoint endpoint;
  endpoint.address[10] = endpoint.address[11] = 0xff;
  endpoint.address[12] = 10;
  endpoint.address[15] = static_cast<std::uint8_t>(1 + side);
  endpoint.port = 4'000;
  return endpoint;
}

sync::PartnerDevice device_of(const sync::Self& of, const crypto::Key& live_root,
                              const crypto::Key& id_root) {
  sync::PartnerDevice device;
  device.device = of.device;
  device.identity = of.identity.public_key;
  device.live_root = live_root.clone();
  device.id_root = id_root.clone();
  return device;
}

sync::NetworkChanged network_of(std::size_t side) {
  return {.own = {endpoint_of(side)},
          .paths = {{.path = 0, .source = endpoint_of(side).address}},
          .port = endpoint_of(side).port};
}

/// A connection of queues between two devices.
class Wire {
 public:
  Wire(DurableReplica& a, DurableReplica& b) : sides_{&a, &b} {}

  /// The network comes; who dialled before gets through, or is told that it failed.
  void begin() {
    for (const std::size_t side : {0u, 1u}) {
      for (const LinkId link : sides_[side]->take_dials()) connect(side, link);
      give(side, network_of(side));
    }
  }
  void give(std::size_t side, sync::Input input) {
    take(side, sides_[side]->step(std::move(input)));
  }
  void run() {
    while (!waiting_.empty()) {
      auto [side, input] = std::move(waiting_.front());
      waiting_.pop_front();
      give(side, std::move(input));
    }
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void take(std::size_t side, sync::Output output) {
    for (sync::UnitOut& unit : output.units) {
      bytes_ += unit.bytes.size() + (unit.framed ? 2 : 0);
      const LinkId link = side == dialler_ ? accepted_ : *dialled_;
      waiting_.emplace_back(1 - side, sync::UnitCame{.link = link, .bytes = std::move(unit.bytes)});
    }
    for (const sync::LinkAct& act : output.links) {
      if (const auto* dial = std::get_if<sync::Dial>(&act)) connect(side, dial->link);
    }
    for (sync::DatagramOut& datagram : output.datagrams) {
      Endpoint source = endpoint_of(side);
      source.port = 47'109;
      waiting_.emplace_back(
          1 - side, sync::DatagramCame{.bytes = std::move(datagram.bytes), .source = source});
    }
  }

  void connect(std::size_t side, LinkId link) {
    if (dialled_) {
      waiting_.emplace_back(side, sync::DialFailed{link});
      return;
    }
    dialler_ = side;
    dialled_ = link;
    waiting_.emplace_back(
        1 - side,
        sync::LinkOpened{.link = accepted_, .dialled = false, .remote = endpoint_of(side)});
    waiting_.emplace_back(
        side, sync::LinkOpened{.link = link, .dialled = true, .remote = endpoint_of(1 - side)});
  }

  std::array<DurableReplica*, 2> sides_;
  std::deque<std::pair<std::size_t, sync::Input>> waiting_;
  std::size_t dialler_ = 0;
  std::optional<LinkId> dialled_;
  LinkId accepted_{1};
  std::size_t bytes_ = 0;
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "attune-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::system_category());
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

DurableReplica::DurableReplica(const KindTable& kinds, std::filesystem::path folder,
                               sync::Self self)
    : kinds_(kinds),
      folder_(std::move(folder)),
      self_(std::move(self)),
      store_id_{random_.bytes<16>()},
      dek_(random_.key()) {
  std::filesystem::create_directory(folder_);
  store_.emplace(store::Store::create(folder_, store_id_, dek_.clone(), random_));
  RecordBatch batch;
  batch.changes.push_back(sync::self_record(self_));
  store_->commit(batch);
}

void DurableReplica::pair(DurableReplica& a, DurableReplica& b) {
  const crypto::Key live_root = a.random_.key();
  const crypto::Key id_root = a.random_.key();
  const CoupleId couple{a.random_.bytes<16>()};
  for (const auto& [of, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    sync::Partner partner{.person = other->self_.person,
                          .name = other->self_.name,
                          .couple = couple,
                          .paired = true,
                          .devices = {}};
    partner.devices.push_back(device_of(other->self_, live_root, id_root));
    RecordBatch batch;
    batch.changes.push_back(sync::partner_record(partner));
    of->store_->commit(batch);
  }
}

void DurableReplica::open() {
  if (!store_) store_.emplace(store::Store::open(folder_, store_id_, dek_.clone(), random_));
  replica_ = sync::Replica::open({.kinds = &kinds_, .random = &random_, .beacons = true},
                                 store_->load(), read_clock());
  assert(replica_);
}

void DurableReplica::close() {
  replica_.reset();
  dials_.clear();
  store_->settle();
  store_.reset();
}

sync::Answer DurableReplica::ask(sync::Command command) {
  const RequestId request{next_request_++};
  sync::Output out = replica_->step(
      read_clock(), sync::CommandCame{.request = request, .command = std::move(command)});
  asked_.erases = asked_.erases || out.persist.erases;
  std::move(out.persist.changes.begin(), out.persist.changes.end(),
            std::back_inserter(asked_.changes));
  for (const sync::LinkAct& act : out.links) {
    if (const auto* dial = std::get_if<sync::Dial>(&act)) dials_.push_back(dial->link);
  }
  assert(out.answers.size() == 1);
  return std::move(out.answers.front().answer);
}

std::vector<LinkId> DurableReplica::take_dials() { return std::exchange(dials_, {}); }

void DurableReplica::commit() { store_->commit(std::exchange(asked_, {})); }

sync::Output DurableReplica::step(sync::Input input) {
  sync::Output out = replica_->step(read_clock(), std::move(input));
  store_->commit(out.persist);
  return out;
}

Exchanged exchange(DurableReplica& a, DurableReplica& b) {
  Wire wire(a, b);
  const double seconds = cpu_seconds_of([&wire] {
    wire.begin();
    wire.run();
  });
  const std::size_t bytes = wire.bytes();
  for (DurableReplica* each : {&a, &b}) {
    each->close();
    each->open();
  }
  return {.bytes = bytes, .seconds = seconds};
}

}  // namespace attune::bench
