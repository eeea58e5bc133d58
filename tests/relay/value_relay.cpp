#include "tests/relay/value_relay.h"

#include <algorithm>

#include "crypto/hash.h"
#include "crypto/labels.h"
#include "proto/overloaded.h"

namespace attune::relay {
namespace {

constexpr std::uint32_t kHoursOfDay = 24;

}  // namespace

FromRelay ValueRelay::Said::whole() const {
  FromRelay out = frame;
  if (auto* message = std::get_if<Message>(&out)) message->body = body;
  return out;
}

SessionId ValueRelay::connect() {
  const SessionId session{++last_session_};
  sessions_[session];
  return session;
}

void ValueRelay::disconnect(SessionId session) {
  const auto at = sessions_.find(session);
  if (at == sessions_.end()) return;
  for (const Handle& handle : at->second) {
    if (handle.role == MailboxRole::kReader) subscriptions_.leave(handle.mailbox, session);
  }
  sessions_.erase(at);
  std::erase_if(said_, [session](const Said& said) { return said.to == session; });
}

void ValueRelay::restart() {
  subscriptions_ = {};
  sessions_.clear();
  said_.clear();
}

void ValueRelay::restart_empty() {
  restart();
  store_ = {};
}

Params ValueRelay::params() const {
  return {.hour = hour,
          .mailbox_bytes = static_cast<std::uint32_t>(limits.mailbox_bytes),
          .mailbox_messages = static_cast<std::uint16_t>(limits.mailbox_messages),
          .message_days = static_cast<std::uint16_t>(limits.message_days),
          .puts_per_second = 20,
          .puts_burst = 200,
          .handles = handles,
          .waiting_pipes = 8};
}

std::optional<ValueRelay::Said> ValueRelay::next() {
  if (said_.empty()) return std::nullopt;
  Said said = std::move(said_.front());
  said_.pop_front();
  return said;
}

void ValueRelay::say(SessionId to, std::uint32_t correlation, const FromRelay& frame,
                     ByteView body) {
  if (!sessions_.contains(to)) return;
  said_.push_back({.to = to,
                   .correlation = correlation,
                   .frame = frame,
                   .body = Bytes(body.begin(), body.end())});
}

Job ValueRelay::perform(Job job, ByteView body) {
  batch_.clear();
  job.size = static_cast<std::uint32_t>(body.size());
  job.day = hour / kHoursOfDay;
  batch_.jobs.push_back(job);
  append(batch_.bodies, body);
  Mailboxes mailboxes(store_, limits);
  store_.begin();
  mailboxes.perform(batch_);
  store_.commit();
  return batch_.jobs[0];
}

void ValueRelay::ask(SessionId session, std::uint32_t correlation, const ToRelay& question) {
  if (!sessions_.contains(session)) return;
  std::visit(
      Overloaded{
          [&](const Open& asked) { on(session, correlation, asked); },
          [&](const Put& asked) { on(session, correlation, asked); },
          [&](const Subscribe& asked) { on(session, correlation, asked); },
          [&](const Acknowledge& asked) { on(session, correlation, asked); },
          [&](const Ping&) { say(session, correlation, Pong{}); },
          [&](const auto&) { say(session, correlation, Error{.code = ErrorCode::kUnsupported}); },
      },
      question);
}

const ValueRelay::Handle* ValueRelay::handle(SessionId session, std::uint16_t number,
                                             MailboxRole role) {
  const Handles& opened = sessions_.at(session);
  if (number == 0 || number > opened.size()) return nullptr;
  const Handle& handle = opened[number - 1u];
  return handle.role == role ? &handle : nullptr;
}

void ValueRelay::on(SessionId session, std::uint32_t correlation, const Open& open) {
  Handles& opened = sessions_.at(session);
  const Handle wanted{
      .mailbox = {crypto::hash_lv<16>(crypto::labels::kMailboxId, ByteView(open.capability))},
      .role = open.role};
  auto at = std::ranges::find_if(opened, [&wanted](const Handle& each) {
    return each.mailbox == wanted.mailbox && each.role == wanted.role;
  });
  if (at == opened.end()) {
    if (opened.size() >= handles) {
      return say(session, correlation, Error{.code = ErrorCode::kTooMany});
    }
    at = opened.insert(at, wanted);
  }
  const auto number = static_cast<std::uint16_t>(at - opened.begin() + 1);
  const Job job = perform({.kind = JobKind::kOpen, .mailbox = wanted.mailbox});
  const bool reads = open.role == MailboxRole::kReader;
  say(session, correlation,
      Ok{.handle = number,
         .seq = reads ? job.first : job.last,
         .used = reads ? static_cast<std::uint32_t>(job.used) : 0});
}

void ValueRelay::on(SessionId session, std::uint32_t correlation, const Put& put) {
  const Handle* to = handle(session, put.handle, MailboxRole::kWriter);
  if (to == nullptr) return say(session, correlation, Error{.code = ErrorCode::kNoHandle});
  const MailboxId mailbox = to->mailbox;
  const Job job = perform({.kind = JobKind::kPut, .mailbox = mailbox, .seq = put.wseq}, put.body);
  switch (job.put) {
    case Job::Put::kDuplicate:
      return say(session, correlation, Duplicate{.last = job.last});
    case Job::Put::kOutOfOrder:
      return say(session, correlation, Error{.code = ErrorCode::kOutOfOrder});
    case Job::Put::kMailboxFull:
      return say(session, correlation, Quota{.kind = QuotaKind::kMailbox, .retry_seconds = 600});
    case Job::Put::kRelayFull:
      return say(session, correlation, Quota{.kind = QuotaKind::kRelay, .retry_seconds = 3'600});
    case Job::Put::kTaken:
      break;
  }
  bodies_.emplace_back(put.body.begin(), put.body.end());
  if (std::ranges::find(used_, mailbox) == used_.end()) used_.push_back(mailbox);
  say(session, correlation, PutOk{.wseq = put.wseq});
  const auto reader = subscriptions_.stored(
      mailbox, put.wseq, [this](SessionId id) { return sessions_.contains(id); });
  if (!reader) return;
  say(reader->session, reader->correlation,
      Message{.handle = reader->handle, .seq = put.wseq, .body = {}}, put.body);
}

void ValueRelay::on(SessionId session, std::uint32_t correlation, const Subscribe& subscribe) {
  const Handle* of = handle(session, subscribe.handle, MailboxRole::kReader);
  if (of == nullptr) return say(session, correlation, Error{.code = ErrorCode::kNoHandle});
  const MailboxId mailbox = of->mailbox;
  const auto replaced = subscriptions_.subscribe(
      mailbox, {.session = session, .correlation = correlation, .handle = subscribe.handle},
      subscribe.after, subscribe.window);
  if (replaced && replaced->session != session) {
    say(replaced->session, replaced->correlation, End{.handle = replaced->handle});
  }
  catch_up(mailbox, session);
}

void ValueRelay::on(SessionId session, std::uint32_t correlation, const Acknowledge& acknowledge) {
  const Handle* of = handle(session, acknowledge.handle, MailboxRole::kReader);
  if (of == nullptr) return say(session, correlation, Error{.code = ErrorCode::kNoHandle});
  const MailboxId mailbox = of->mailbox;
  perform({.kind = JobKind::kAcknowledge, .mailbox = mailbox, .seq = acknowledge.seq});
  subscriptions_.acknowledge(mailbox, session, acknowledge.seq);
  catch_up(mailbox, session);
}

void ValueRelay::catch_up(const MailboxId& mailbox, SessionId session) {
  while (const auto look = subscriptions_.next_look(mailbox, session)) {
    Job job{.kind = JobKind::kRead, .mailbox = mailbox, .seq = look->after};
    job.count_max = look->count_max;
    job = perform(job);
    for (std::uint32_t i = 0; i < job.found_count; ++i) {
      const FoundMessage& message = batch_.found[job.found + i];
      const auto to = subscriptions_.found(mailbox, look->subscription, message.seq);
      if (!to) break;
      say(to->session, to->correlation,
          Message{.handle = to->handle, .seq = message.seq, .body = {}}, batch_.body_of(message));
    }
    subscriptions_.looked(mailbox, look->subscription, job.more);
  }
}

}  // namespace attune::relay
