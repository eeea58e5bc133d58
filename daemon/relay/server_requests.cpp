#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "daemon/relay/server.h"

namespace attune::relay {
namespace {

constexpr std::uint32_t kRateRetry = 1;
constexpr std::uint32_t kMailboxRetry = 600;  // until its reader may have come
constexpr std::uint32_t kRelayRetry = 3'600;
constexpr std::uint32_t kBusyRetry = 60;

Steady now() { return {std::chrono::steady_clock::now().time_since_epoch()}; }

MailboxId mailbox_of(const Capability& capability) {
  return {crypto::hash_lv<16>(crypto::labels::kMailboxId, ByteView(capability))};
}

std::uint32_t seconds_of_day_left() {
  const auto at = std::chrono::duration_cast<std::chrono::seconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count();
  return static_cast<std::uint32_t>(86'400 - at % 86'400);
}

/// Little memory of the kernel's and no wake-ups of ours: it asks every ten minutes whether an idle
/// end is still there.
void watch_over(int fd) {
  const auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_RCVLOWAT, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 600);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 60);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

void Server::ask(Session& session, const Frame& frame) {
  const auto asked = decode_to_relay(frame);
  const bool is_hello = asked && std::holds_alternative<Hello>(*asked);
  if (!asked || is_hello != (session.state == Session::State::kHello)) {
    refuse(session, frame.correlation, ErrorCode::kUnsupported);
    session.ending = true;
    return;
  }
  // What was under way when READY was sent is not done any more.
  if (session.state == Session::State::kMeeting && !std::holds_alternative<PipeAck>(*asked)) return;
  std::visit([&](const auto& request) { on(session, frame.correlation, request); }, *asked);
}

void Server::refuse(Session& session, std::uint32_t correlation, ErrorCode code) {
  const std::uint32_t retry = code == ErrorCode::kBusy ? kBusyRetry : 0;
  say(session, correlation, Error{.code = code, .retry_seconds = retry});
}

void Server::on(Session& session, std::uint32_t correlation, const Hello& hello) {
  const bool invited = config_.invite && crypto::equal(hello.invite, as_bytes(*config_.invite));
  if (hello.version != limits::kRelayVersion || (config_.invite && !invited)) {
    metrics_.hellos_refused += 1;
    refuse(session, correlation,
           hello.version != limits::kRelayVersion ? ErrorCode::kUnsupported : ErrorCode::kInvite);
    session.ending = true;
    return;
  }
  session.state = Session::State::kOpen;
  half_open_ -= 1;
  session.patience = static_cast<std::uint16_t>(hello.keepalive_seconds * 5 / 2);
  say(session, correlation,
      Params{.hour = hour_,
             .mailbox_bytes = static_cast<std::uint32_t>(config_.mailboxes.mailbox_bytes),
             .mailbox_messages = static_cast<std::uint16_t>(config_.mailboxes.mailbox_messages),
             .message_days = static_cast<std::uint16_t>(config_.mailboxes.message_days),
             .puts_per_second = static_cast<std::uint16_t>(config_.puts_per_second),
             .puts_burst = static_cast<std::uint16_t>(config_.puts_burst),
             .handles = static_cast<std::uint16_t>(config_.handles),
             .waiting_pipes = static_cast<std::uint16_t>(config_.waiting_pipes)});
}

void Server::add_job(Session& session, const Job& job, ByteView body) {
  session.queued += static_cast<std::uint32_t>(weight_of(job, body.size()));
  store_.add(job, body);
}

void Server::on(Session& session, std::uint32_t correlation, const Open& open) {
  const Session::Handle wanted{.mailbox = mailbox_of(open.capability), .role = open.role};
  auto at = std::ranges::find_if(session.handles, [&wanted](const Session::Handle& handle) {
    return handle.mailbox == wanted.mailbox && handle.role == wanted.role;
  });
  if (at == session.handles.end()) {
    if (session.handles.size() >= config_.handles) {
      return refuse(session, correlation, ErrorCode::kTooMany);
    }
    at = session.handles.insert(at, wanted);
  }
  const auto number = static_cast<std::uint16_t>(at - session.handles.begin() + 1);
  const Job job{.kind = JobKind::kOpen,
                .asker = {.session = session.id, .correlation = correlation, .handle = number},
                .mailbox = wanted.mailbox};
  add_job(session, job);
}

Session::Handle* Server::handle_of(Session& session, std::uint16_t number, MailboxRole role) {
  if (number == 0 || number > session.handles.size()) return nullptr;
  Session::Handle& handle = session.handles[number - 1u];
  return handle.role == role ? &handle : nullptr;
}

void Server::on(Session& session, std::uint32_t correlation, const Put& put) {
  const Session::Handle* handle = handle_of(session, put.handle, MailboxRole::kWriter);
  if (handle == nullptr) return refuse(session, correlation, ErrorCode::kNoHandle);
  const TokenBucket::Terms terms{.per_second = static_cast<double>(config_.puts_per_second),
                                 .burst = static_cast<double>(config_.puts_burst)};
  Quota quota;
  if (!session.puts.take(now(), terms, 1)) {
    quota = {.kind = QuotaKind::kRate, .retry_seconds = kRateRetry};
  } else if (!config_.invite && !sources_.take_new_bytes(session.source, put.body.size())) {
    quota = {.kind = QuotaKind::kSource, .retry_seconds = seconds_of_day_left()};
  } else {
    Job job{.kind = JobKind::kPut,
            .asker = {.session = session.id, .correlation = correlation, .handle = put.handle},
            .mailbox = handle->mailbox,
            .seq = put.wseq};
    job.day = day_;
    return add_job(session, job, put.body);
  }
  metrics_.quota_answers += 1;
  say(session, correlation, quota);
}

void Server::on(Session& session, std::uint32_t correlation, const Subscribe& subscribe) {
  Session::Handle* handle = handle_of(session, subscribe.handle, MailboxRole::kReader);
  if (handle == nullptr) return refuse(session, correlation, ErrorCode::kNoHandle);
  const Subscriber who{
      .session = session.id, .correlation = correlation, .handle = subscribe.handle};
  const auto replaced =
      subscriptions_.subscribe(handle->mailbox, who, subscribe.after, subscribe.window);
  handle->subscribed = true;
  if (replaced && replaced->session != session.id) {
    if (const SessionPointer other = find(replaced->session)) {
      other->handles[replaced->handle - 1u].subscribed = false;
      say(*other, replaced->correlation, End{.handle = replaced->handle});
    }
  }
  catch_up(session, handle->mailbox);
}

void Server::on(Session& session, std::uint32_t correlation, const Acknowledge& acknowledge) {
  const Session::Handle* handle = handle_of(session, acknowledge.handle, MailboxRole::kReader);
  if (handle == nullptr) return refuse(session, correlation, ErrorCode::kNoHandle);
  const Job job{.kind = JobKind::kAcknowledge,
                .asker = {.session = session.id, .correlation = correlation},
                .mailbox = handle->mailbox,
                .seq = acknowledge.seq};
  add_job(session, job);
  subscriptions_.acknowledge(handle->mailbox, session.id, acknowledge.seq);
  catch_up(session, handle->mailbox);
}

void Server::on(Session& session, std::uint32_t correlation, const Fetch& fetch) {
  const Session::Handle* handle = handle_of(session, fetch.handle, MailboxRole::kReader);
  if (handle == nullptr) return refuse(session, correlation, ErrorCode::kNoHandle);
  Job job{.kind = JobKind::kRead,
          .asker = {.session = session.id, .correlation = correlation, .handle = fetch.handle},
          .mailbox = handle->mailbox};
  job.count_max = fetch.count_max;
  session.looks += 1;
  add_job(session, job);
}

/// Looks that subscriptions need now, where the device takes bytes.
void Server::catch_up(Session& session) {
  for (std::size_t i = 0; i < session.handles.size(); ++i) {
    if (session.handles[i].subscribed) catch_up(session, session.handles[i].mailbox);
  }
}

void Server::catch_up(Session& session, const MailboxId& mailbox) {
  if (!session.unsent.empty() || session.looks >= limits::kRelayLooks) return;
  const auto look = subscriptions_.next_look(mailbox, session.id);
  if (!look) return;
  Job job{.kind = JobKind::kRead,
          .asker = {.session = session.id,
                    .correlation = look->who.correlation,
                    .handle = look->who.handle,
                    .subscription = look->subscription},
          .mailbox = mailbox,
          .seq = look->after};
  job.count_max = look->count_max;
  session.looks += 1;
  add_job(session, job);
}

void Server::on(Session& session, std::uint32_t correlation, const Ping&) {
  say(session, correlation, Pong{});
}

void Server::on(Session& session, std::uint32_t correlation, const Pipe& pipe) {
  if (session.pipes.size() >= config_.waiting_pipes) {
    return refuse(session, correlation, ErrorCode::kTooMany);
  }
  const bool pairing = is_pairing(pipe.side);
  const PipeKey key{.pairing = pairing, .id = pipe.id};
  const Steady until = now() + (pairing ? limits::kInvitationLife : limits::kRelayPipeWait);
  const PipeEnd end{
      .session = session.id, .correlation = correlation, .side = pipe.side, .until = until};
  PipeMeeting::Outcome outcome = meeting_.come(pipe.id, end);
  if (outcome.kind == PipeMeeting::Outcome::Kind::kTaken) {
    end_pipe(key, outcome.holder);
    outcome = meeting_.come(pipe.id, end);
  }
  switch (outcome.kind) {
    case PipeMeeting::Outcome::Kind::kTaken:
    case PipeMeeting::Outcome::Kind::kBusy:
      return refuse(session, correlation, ErrorCode::kBusy);
    case PipeMeeting::Outcome::Kind::kMet:
      return meet(session, correlation, *outcome.other, key);
    case PipeMeeting::Outcome::Kind::kWaits:
      break;
  }
  if (outcome.replaced) {
    if (const SessionPointer other = find(outcome.replaced->session)) {
      std::erase(other->pipes, key);
      refuse(*other, outcome.replaced->correlation, ErrorCode::kGone);
    }
  }
  session.pipes.push_back(key);
  say(session, correlation, Wait{});
}

/// The pipe that was met there makes room for an end that has come anew, and has most likely lost
/// its connection without a word: the other end is told, and comes anew, too.
void Server::end_pipe(const PipeKey& key, PipeHolder holder) {
  if (const SessionPointer session = find(SessionId{holder})) return close(*session);
  const auto at = joined_.find(holder);
  if (at == joined_.end()) return;
  at->second.left = true;
  meeting_.close(key);
  splices_->drop(holder);
}

void Server::meet(Session& one, std::uint32_t correlation, const PipeEnd& other,
                  const PipeKey& key) {
  const SessionPointer waited = find(other.session);
  assert(waited);
  std::erase(waited->pipes, key);
  const auto begin = [this, &key](Session& session, SessionId peer, std::uint32_t answer_to) {
    leave_all(session);
    session.state = Session::State::kMeeting;
    session.meeting = Session::Meeting{.key = key, .other = peer};
    session.patience = static_cast<std::uint16_t>(limits::kRelayPipePatience.count());
    wait_until(session, second() + session.patience);
    say(session, answer_to, Ready{});
  };
  begin(*waited, one.id, other.correlation);
  begin(one, waited->id, correlation);
  meeting_.hold(key, one.id.value);
}

/// It reads no mailbox and waits at no pipe any more.
void Server::leave_all(Session& session) {
  for (const Session::Handle& handle : session.handles) {
    if (handle.subscribed) subscriptions_.leave(handle.mailbox, session.id);
  }
  for (const PipeKey& key : session.pipes) meeting_.leave(key, session.id);
  session.handles = {};
  session.pipes = {};
}

void Server::on(Session& session, std::uint32_t correlation, const PipeAck&) {
  if (!session.meeting) return refuse(session, correlation, ErrorCode::kNoHandle);
  session.meeting->acknowledged = true;
}

/// Both ends have said their last frame, and have all that we said: they are one pipe from here.
void Server::join_if_ready(Session& session) {
  const SessionPointer keep = session.shared_from_this();
  if (!session.meeting || session.state == Session::State::kClosed) return;
  const SessionPointer other = find(session.meeting->other);
  if (!other) return close(session);
  for (const Session* end : {keep.get(), other.get()}) {
    const bool done = end->meeting->acknowledged && end->unsent.empty() && !end->writing;
    if (!done) return;
  }
  const std::uint64_t pair = ++last_name_;
  joined_.emplace(
      pair, JoinedPipe{.key = session.meeting->key, .sources = {session.source, other->source}});
  meeting_.hold(session.meeting->key, pair);
  metrics_.pipes += 1;
  std::array<net::Fd, 2> ends;
  for (std::size_t i = 0; i < 2; ++i) {
    Session& end = i == 0 ? *keep : *other;
    unsent_bytes_ -= end.partial.size();
    assert(end.partial.empty());
    end.state = Session::State::kClosed;
    ends[i] = net::Fd{end.socket.release()};
    watch_over(ends[i].get());
    sessions_.erase(end.id.value);
  }
  splices_->join(pair, std::move(ends[0]), std::move(ends[1]));
}

void Server::pipe_ended(std::uint64_t pair, std::uint64_t bytes) {
  const auto at = joined_.find(pair);
  assert(at != joined_.end());
  if (!at->second.left) meeting_.close(at->second.key);
  for (const SourceKey source : at->second.sources) sources_.leave(source);
  joined_.erase(at);
  metrics_.pipe_bytes += bytes;
}

void Server::answered(Batch& batch, bool durable) {
  metrics_.transactions += 1;
  for (const Job& job : batch.jobs) answer(batch, job, durable);
  flush();
  for (const Job& job : batch.jobs) {
    if (const SessionPointer session = find(job.asker.session)) resume(*session);
  }
  for (std::size_t count = waiting_for_queue_.size(); count > 0; --count) {
    if (store_.weight() >= limits::kRelayQueueBytes / 2) break;
    const SessionPointer session = find(waiting_for_queue_.front());
    waiting_for_queue_.pop_front();
    if (!session) continue;
    session->waits_for_queue = false;
    resume(*session);
  }
  store_.begin();
  if (stopping_ && store_.is_idle()) stop_now();
}

void Server::answer(const Batch& batch, const Job& job, bool durable) {
  const SessionPointer session = find(job.asker.session);
  if (session) {
    const std::size_t body = job.kind == JobKind::kPut ? job.size : 0;
    session->queued -= static_cast<std::uint32_t>(weight_of(job, body));
  }
  switch (job.kind) {
    case JobKind::kOpen:
      if (session) answer_open(*session, job, durable);
      break;
    case JobKind::kPut:
      answer_put(session.get(), batch, job, durable);
      break;
    case JobKind::kAcknowledge:
      break;
    case JobKind::kRead:
      if (session) answer_look(*session, batch, job, durable);
      break;
    case JobKind::kExpire:
      if (job.more) expire_messages();
      break;
  }
}

void Server::answer_open(Session& session, const Job& job, bool durable) {
  if (job.asker.handle > session.handles.size()) return;  // it has left them for a pipe
  if (!durable) return refuse(session, job.asker.correlation, ErrorCode::kFailed);
  const bool reads = session.handles[job.asker.handle - 1u].role == MailboxRole::kReader;
  say(session, job.asker.correlation,
      Ok{.handle = job.asker.handle,
         .seq = reads ? job.first : job.last,
         .used = reads ? static_cast<std::uint32_t>(job.used) : 0});
}

/// Its writer is told, and its reader, also where the writer has gone.
void Server::answer_put(Session* session, const Batch& batch, const Job& job, bool durable) {
  const bool taken = durable && job.put == Job::Put::kTaken;
  if (session != nullptr && session->state != Session::State::kMeeting) {
    const std::uint32_t to = job.asker.correlation;
    if (taken) {
      say(*session, to, PutOk{.wseq = job.seq});
    } else if (durable && job.put == Job::Put::kDuplicate) {
      metrics_.duplicates += 1;
      say(*session, to, Duplicate{.last = job.last});
    } else if (durable && job.put == Job::Put::kOutOfOrder) {
      refuse(*session, to, ErrorCode::kOutOfOrder);
    } else {
      metrics_.quota_answers += 1;
      const bool mailbox = durable && job.put == Job::Put::kMailboxFull;
      say(*session, to,
          Quota{.kind = mailbox ? QuotaKind::kMailbox : QuotaKind::kRelay,
                .retry_seconds = mailbox ? kMailboxRetry : kRelayRetry});
    }
  }
  if (!taken) return;
  metrics_.puts += 1;
  metrics_.put_bytes += job.size;
  const auto reader = subscriptions_.stored(job.mailbox, job.seq, [this](SessionId id) {
    const SessionPointer to = find(id);
    return to && to->unsent.empty();
  });
  if (!reader) return;
  metrics_.messages_sent += 1;
  const SessionPointer to = find(reader->session);
  say(*to, reader->correlation,
      Message{.handle = reader->handle, .seq = job.seq, .body = batch.body_of(job)});
}

void Server::answer_look(Session& session, const Batch& batch, const Job& job, bool durable) {
  assert(session.looks > 0);
  session.looks -= 1;
  if (session.state == Session::State::kMeeting) return;
  const bool fetched = job.asker.subscription == 0;
  const std::uint32_t count = durable ? job.found_count : 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const FoundMessage& message = batch.found[job.found + i];
    if (!fetched && !subscriptions_.found(job.mailbox, job.asker.subscription, message.seq)) {
      break;
    }
    metrics_.messages_sent += 1;
    say(session, job.asker.correlation,
        Message{.handle = job.asker.handle, .seq = message.seq, .body = batch.body_of(message)});
  }
  if (!fetched) {
    subscriptions_.looked(job.mailbox, job.asker.subscription, !durable || job.more);
  } else if (durable) {
    say(session, job.asker.correlation, Done{.handle = job.asker.handle, .more = job.more});
  } else {
    refuse(session, job.asker.correlation, ErrorCode::kFailed);
  }
  catch_up(session);
}

}  // namespace attune::relay
