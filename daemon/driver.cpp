#include "daemon/driver.h"

#include <spdlog/spdlog.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <utility>

#include "crypto/secret.h"
#include "daemon/clock.h"
#include "daemon/findings.h"
#include "daemon/port_file.h"
#include "proto/limits.h"
#include "proto/overloaded.h"

namespace attune {
namespace {

net::Framing framing_of(sync::Conversation conversation) {
  switch (conversation) {
    case sync::Conversation::kLive:
      return net::kLiveAnswer;
    case sync::Conversation::kCode:
      return net::kCodeAnswer;
    case sync::Conversation::kQr:
      return net::kQrAnswer;
  }
  return net::kQrAnswer;
}

net::Framing framing_of(const sync::Recut& recut) {
  if (recut.dialler) return framing_of(recut.conversation);
  switch (recut.conversation) {
    case sync::Conversation::kLive:
      return net::kLiveOpening;
    case sync::Conversation::kCode:
      return net::kCodeOpening;
    case sync::Conversation::kQr:
      return net::kQrOpening;
  }
  return net::kQrOpening;
}

void wipe_passphrases(sync::ControlRequest& control) {
  const auto wipe = [](Bytes& bytes) { TypedPassphrase taken(std::move(bytes)); };
  std::visit(Overloaded{
                 [&](sync::InitRequest& init) { wipe(init.passphrase); },
                 [&](sync::UnlockRequest& unlock) { wipe(unlock.passphrase); },
                 [&](sync::ChangePassphraseRequest& change) {
                   wipe(change.old_passphrase);
                   wipe(change.new_passphrase);
                 },
                 [](const auto&) {},
             },
             control);
}

}  // namespace

Driver::Driver(const Parts& parts)
    : io_(*parts.io),
      home_(*parts.home),
      settings_(*parts.settings),
      inherited_(parts.inherited),
      lifecycle_(io_, home_, settings_),
      timer_(io_),
      rest_(limits::kFullRestMin),
      rest_timer_(io_) {
  net::LanSettings lan;
  lan.port = settings_.port;
  lan.last_port = read_port_file(home_);
  lan.listener_fd = inherited_.lan;
  lan.proxy = settings_.proxy;
  lan_ = std::make_unique<net::Lan>(io_, *this, lan, [this] { return LinkId{next_link_++}; });
  inherited_.lan = lan_->listener_fd();
  remember_port();

  net::ControlSettings control;
  control.path = home_.socket();
  control.holds_lock = true;
  control.listener_fd = inherited_.control;
  control_ = std::make_unique<net::ControlSocket>(io_, *this, control,
                                                  [this] { return RequestId{next_request_++}; });
  inherited_.control = control_->listener_fd();
  watch_ = std::make_unique<net::NetworkWatch>(io_, *this);
}

Driver::~Driver() = default;

void Driver::remember_port() {
  if (settings_.port == 0) write_port_file(home_, lan_->port());
}

void Driver::stop() {
  if (lifecycle_.replica() == nullptr) return end();
  control_->pause();
  step(sync::Leaving{});
  // The relay says whether it holds what is left for the partner.
  asio::co_spawn(io_, wait_while(this, &Driver::is_posting, limits::kPostPatience),
                 [this](const std::exception_ptr&) { end(); });
}

bool Driver::is_posting() const {
  return lifecycle_.replica() != nullptr && lifecycle_.replica()->is_posting();
}

void Driver::end() {
  timer_.cancel();
  rest_timer_.cancel();
  watch_.reset();
  beacons_.reset();
  lan_->close_all();
  lifecycle_.close();
  control_->retire();
  control_.reset();
  asio::co_spawn(io_, lan_->drained(), [this](const std::exception_ptr&) { io_.stop(); });
}

// ---- What happens out there becomes an Input.

void Driver::link_opened(LinkId link, bool dialled, const Endpoint& remote) {
  if (lifecycle_.replica() == nullptr || resting_) return lan_->close(link);
  step(sync::LinkOpened{.link = link, .dialled = dialled, .remote = remote});
}

void Driver::frame(LinkId link, Bytes unit) {
  if (lifecycle_.replica() == nullptr) return lan_->close(link);
  step(sync::UnitCame{.link = link, .bytes = std::move(unit)});
}

void Driver::link_closed(LinkId link) {
  if (lifecycle_.replica() != nullptr) step(sync::LinkClosed{link});
}

void Driver::dial_failed(LinkId link) {
  if (lifecycle_.replica() != nullptr) step(sync::DialFailed{link});
}

void Driver::datagram(Bytes bytes, const Endpoint& source) {
  if (lifecycle_.replica() == nullptr || resting_) return;
  step(sync::DatagramCame{.bytes = std::move(bytes), .source = source});
}

void Driver::network_changed(const std::vector<net::OwnAddress>& addresses) {
  addresses_ = addresses;
  if (beacons_) beacons_->network_changed(addresses_);
  if (lifecycle_.replica() != nullptr && !resting_) step(network());
}

sync::NetworkChanged Driver::network() const {
  sync::NetworkChanged now;
  now.port = lan_->port();
  for (const net::OwnAddress& address : addresses_) {
    Endpoint endpoint = address.endpoint;
    endpoint.port = now.port;
    now.own.push_back(endpoint);
  }
  if (beacons_) {
    std::uint32_t number = 0;
    for (const net::BeaconPath& path : beacons_->paths()) {
      now.paths.push_back({.path = number++, .source = path.source.address});
    }
  }
  return now;
}

// ---- Local clients.

void Driver::request(RequestId request, Bytes body) {
  auto control = sync::decode_request(body);
  if (!body.empty()) ::explicit_bzero(body.data(), body.size());
  if (!control) return answer(request, sync::failed(sync::Code::kUsage, sync::Reason::kMalformed));
  obey(request, std::move(*control));
}

void Driver::client_gone(RequestId request) {
  if (open_requests_.erase(request) == 0) return;
  if (lifecycle_.replica() != nullptr) step(sync::ClientGone{request});
}

void Driver::obey(RequestId request, sync::ControlRequest control) {
  if (leaving_) return turn_away(request, std::move(control));
  const auto reply = [this, request](const sync::Answer& result) {
    const auto* failure = std::get_if<sync::Failed>(&result);
    if (failure == nullptr && lifecycle_.replica() != nullptr && !is_open_) opened();
    answer(request, result);
    if (failure != nullptr && failure->reason == sync::Reason::kStoreFailed) {
      // What the kernel said of an fsync cannot be asked twice: only a fresh process may look.
      leave([](Driver& driver) { driver.end_with_failure("store-failed"); });
    }
  };
  std::visit(Overloaded{
                 [&](sync::InitRequest& init) {
                   lifecycle_.init(init.name, std::move(init.passphrase), reply);
                 },
                 [&](sync::UnlockRequest& unlock) {
                   lifecycle_.unlock(std::move(unlock.passphrase), reply);
                 },
                 [&](sync::ChangePassphraseRequest& change) {
                   lifecycle_.change_passphrase(std::move(change.old_passphrase),
                                                std::move(change.new_passphrase), reply);
                 },
                 [&](sync::LockRequest&) { begin_lock(request); },
                 [&](sync::Command& asked) { command(request, std::move(asked)); },
             },
             control);
}

void Driver::command(RequestId request, sync::Command asked) {
  const bool diagnose = std::holds_alternative<sync::Diagnose>(asked);
  if (lifecycle_.replica() != nullptr) {
    open_requests_[request] = diagnose;
    return step(sync::CommandCame{.request = request, .command = std::move(asked)});
  }
  if (std::holds_alternative<sync::AskStatus>(asked)) return describe(request);
  if (diagnose) return answer(request, sync::Findings{local_findings()});
  const bool empty = lifecycle_.state() == Lifecycle::State::kEmpty;
  answer(request, empty ? sync::failed(sync::Code::kNotSetUp, sync::Reason::kNotSetUp)
                        : sync::failed(sync::Code::kLocked, sync::Reason::kLocked));
}

void Driver::describe(RequestId request) {
  const bool empty = lifecycle_.state() == Lifecycle::State::kEmpty;
  control_->answer(request, sync::encode_closed_status(empty ? "empty" : "locked"), true);
}

std::vector<sync::Finding> Driver::local_findings() const {
  return look_around(
      home_, {.lan_listener = lan_->listener_fd(), .control_listener = control_->listener_fd()});
}

void Driver::answer(RequestId request, const sync::Answer& value, bool last) {
  if (!control_) return;
  Bytes body = sync::encode_answer(value, last);
  if (body.size() > limits::kControlAnswerMax) {
    body = sync::encode_answer(sync::failed(sync::Code::kFailed, sync::Reason::kTooLong), last);
  }
  control_->answer(request, std::move(body), last);
}

void Driver::opened() {
  is_open_ = true;
  spdlog::info("unlocked");
  if (settings_.beacon) {
    beacons_ = std::make_unique<net::Beacons>(io_, *this);
    beacons_->network_changed(addresses_);
  }
  step(network());
}

void Driver::begin_lock(RequestId request) {
  const auto state = lifecycle_.state();
  if (state == Lifecycle::State::kEmpty) {
    return answer(request, sync::failed(sync::Code::kNotSetUp, sync::Reason::kNotSetUp));
  }
  if (state == Lifecycle::State::kLocked) return answer(request, sync::Done{"locked"});
  if (lifecycle_.replica() != nullptr) step(sync::Leaving{});  // else it is being opened
  // From here on a new client waits for the fresh process: none is lost in between.
  leave([](Driver& driver) { reexecute(driver.home_, driver.inherited_); });
  is_open_ = false;
  timer_.cancel();
  rest_timer_.cancel();
  watch_.reset();
  beacons_.reset();
  lan_->close_all();
  lifecycle_.close();
  for (const auto& [waiting, diagnose] : std::exchange(open_requests_, {})) {
    answer(waiting, sync::failed(sync::Code::kLocked, sync::Reason::kLocked));
  }
  answer(request, sync::Done{"locked"});
}

void Driver::leave(void (*last_act)(Driver&)) {
  if (leaving_) return;
  leaving_ = true;
  control_->pause();
  // Who is connected may still ask, take the answer and go.
  asio::co_spawn(io_, wait_while(this, &Driver::has_clients, limits::kAnswersPatience),
                 [this, last_act](const std::exception_ptr&) {
                   if (control_) last_act(*this);  // else stop() came in between
                 });
}

bool Driver::has_clients() const { return control_ && control_->clients() > 0; }

/// Of a daemon that is about to leave: nobody says when it is over, so it is looked at.
asio::awaitable<void> Driver::wait_while(Driver* driver, bool (Driver::*holds)() const,
                                         std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kLook{5};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  asio::steady_timer look(driver->io_);
  while ((driver->*holds)() && std::chrono::steady_clock::now() < deadline) {
    look.expires_after(kLook);
    co_await look.async_wait(asio::use_awaitable);
  }
}

void Driver::turn_away(RequestId request, sync::ControlRequest control) {
  wipe_passphrases(control);
  const auto* asked = std::get_if<sync::Command>(&control);
  if (asked != nullptr && std::holds_alternative<sync::AskStatus>(*asked)) {
    return describe(request);
  }
  if (std::holds_alternative<sync::LockRequest>(control)) {
    return answer(request, sync::Done{"locked"});
  }
  answer(request, sync::failed(sync::Code::kLocked, sync::Reason::kLocked));
}

void Driver::end_with_failure(const char* event) {
  spdlog::critical("{}", event);
  spdlog::shutdown();
  crypto::arena::wipe_all();
  ::_exit(1);
}

// ---- One step, and its Output from top to bottom.

void Driver::step(sync::Input input) {
  const Now now = read_clock();
  perform(now, lifecycle_.replica()->step(now, std::move(input)));
}

void Driver::perform(const Now& now, sync::Output output) {
  if (!persist(output.persist)) return fold_again();
  for (sync::AnswerOut& out : output.answers) {
    const auto open = open_requests_.find(out.request);
    if (open == open_requests_.end()) continue;
    if (auto* findings = std::get_if<sync::Findings>(&out.answer);
        findings != nullptr && open->second) {
      std::vector<sync::Finding> local = local_findings();
      findings->items.insert(findings->items.begin(), local.begin(), local.end());
    }
    if (out.last) open_requests_.erase(open);
    answer(out.request, out.answer, out.last);
  }
  for (sync::UnitOut& unit : output.units) {
    if (unit.framed) {
      lan_->send_frame(unit.link, std::move(unit.bytes));
    } else {
      lan_->send_raw(unit.link, std::move(unit.bytes));
    }
  }
  if (beacons_) {
    for (const sync::DatagramOut& datagram : output.datagrams) {
      if (datagram.path < beacons_->paths().size())
        beacons_->send(beacons_->paths()[datagram.path], datagram.bytes);
    }
  }
  perform_links(output.links);
  for (const sync::Notice& notice : output.notices)
    spdlog::info("{} {}", notice.event, notice.count);
  arm(now, output.wake);
}

bool Driver::persist(const RecordBatch& batch) {
  if (batch.empty()) return true;
  try {
    lifecycle_.store().commit(batch);
    if (!resting_) rest_ = limits::kFullRestMin;
    return true;
  } catch (const store::StoreError& error) {
    if (error.fault() == store::StoreFault::kFull) {
      spdlog::error("store-full");
      return false;
    }
    end_with_failure("store-failed");
  }
}

void Driver::fold_again() {
  lan_->close_all();
  for (const auto& [waiting, diagnose] : std::exchange(open_requests_, {})) {
    answer(waiting, sync::failed(sync::Code::kFailed, sync::Reason::kStoreFull));
  }
  timer_.cancel();
  armed_.reset();
  if (!lifecycle_.fold_again(read_clock())) end_with_failure("store-damaged");
  rest();
}

// Each try folds the whole store. Clients are served meanwhile; a dial fails at once.
void Driver::rest() {
  resting_ = true;
  rest_timer_.expires_after(rest_);
  rest_ = std::min(rest_ * 2, limits::kFullRestMax);
  rest_timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    resting_ = false;
    if (lifecycle_.replica() != nullptr) step(network());
  });
}

void Driver::refuse_dial(LinkId link) {
  asio::post(io_, [this, link] { dial_failed(link); });
}

void Driver::perform_links(const std::vector<sync::LinkAct>& acts) {
  for (const sync::LinkAct& act : acts) {
    std::visit(Overloaded{
                   [&](const sync::Dial& dial) {
                     if (resting_) return refuse_dial(dial.link);
                     lan_->dial(dial.link, dial.to, framing_of(dial.conversation));
                   },
                   [&](const sync::Trust& trust) { lan_->authenticated(trust.link); },
                   [&](const sync::Widen& widen) { lan_->widen(widen.link); },
                   [&](const sync::Extend& extend) { lan_->extend(extend.link, extend.by); },
                   [&](const sync::Hangup& hangup) { lan_->close(hangup.link); },
                   [&](const sync::DialRelay& dial) {
                     if (resting_) return refuse_dial(dial.link);
                     lan_->dial_relay(dial.link, dial.to);
                   },
                   [&](const sync::Recut& recut) { lan_->recut(recut.link, framing_of(recut)); },
               },
               act);
  }
}

void Driver::arm(const Now& now, std::optional<Steady> wake) {
  if (wake == armed_) return;
  armed_ = wake;
  timer_.cancel();
  if (!wake) return;
  const auto wait = std::max(std::chrono::nanoseconds(0), *wake - now.steady);
  timer_.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(wait));
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    armed_.reset();
    if (lifecycle_.replica() != nullptr) step(sync::TimeReached{});
  });
}

}  // namespace attune
