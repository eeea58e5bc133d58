#include "daemon/sync/replica_state.h"

namespace attune::sync {

bool Replica::is_posting() const {
  return state_->mailbox->is_posting() || state_->partings.is_busy();
}

// ---- Between live sessions and the mailbox.

void Replica::State::speak_of_ratchets(const Now& now, Step& step) {
  const auto session_of = [this](LinkId link, const LiveLinks::Standing& standing) {
    return Mailbox::LiveSession{.link = link,
                                .peer = standing.peer,
                                .dialled = standing.dialled,
                                .handshake = standing.handshake};
  };
  const auto say = [&](LinkId link, const std::optional<NewRatchet>& ratchet) {
    if (ratchet) live->say(link, *ratchet, step.out);
  };
  for (const LinkId link : step.news.greeted) {
    const auto standing = live->standing(link);
    if (!standing) continue;
    say(link, mailbox->greeted(session_of(link, *standing), *standing->theirs, now));
    notebook->delivered(*standing->theirs);
  }
  for (const LinkId link : step.news.learnt) {
    const auto standing = live->standing(link);
    if (!standing) continue;
    mailbox->learnt(standing->peer, *standing->theirs);
    notebook->delivered(*standing->theirs);
  }
  for (const LiveNews::Said& said : step.news.ratchets) {
    const auto standing = live->standing(said.link);
    if (standing)
      say(said.link, mailbox->heard(session_of(said.link, *standing), said.ratchet, now));
  }
  mailbox->forget_links([this](LinkId link) { return live->owns(link); });
}

// ---- At a relay.

void Replica::State::follow_mailbox(const Now& now, Step& step) {
  mailbox->pump(now, live->theirs().has_value());
  if (mailbox->take_exchanged()) remember_exchange(now, Exchange::kByMailbox, step);
}

void Replica::State::settle_syncs(const Now& now, Step& step) {
  if (!waiting.syncs()) return mailbox->stop_looking();
  const crdt::OpLog* log = notebook->both();
  const crdt::VersionVector here = log == nullptr ? crdt::VersionVector{} : log->vector();
  const auto there = live->theirs();
  if (!there && mailbox->is_at_rest()) waiting.posted(now.steady, mailbox->pending(), step.out);
  const crdt::VersionVector theirs = there.value_or(crdt::VersionVector{});
  waiting.settle(now.steady, here, theirs, log == nullptr ? 0 : count_missing(*log, theirs),
                 step.out);
}

// ---- When a pairing ends.

// What is taken back tonight goes to a partner who is live as any other op, before the link is
// closed. What they may lack is put at the relay, in the place of what was posted there.
void Replica::State::begin_parting(const Now& now, Step& step) {
  notebook->take_back_tonight(now, step.ripple);
  live->pump(now, step.out);
  if (!relay.relay()) return;
  for (Mailbox::Leave& leave : mailbox->part(*relay.relay(), now, step.ripple)) {
    partings.add(std::move(leave.plan), leave.behind, now, step.out);
  }
}

void Replica::State::write_mailbox(const Now& now, Step& step) {
  const bool all = step.news.dropped || mailbox->is_leaving();
  mailbox->write(step.out.persist, all ? Mailbox::Save::kAll : Mailbox::Save::kWhatMust, now);
}

}  // namespace attune::sync
