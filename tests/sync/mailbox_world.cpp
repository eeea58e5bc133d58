#include "tests/sync/mailbox_world.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/sync/delivery.h"

namespace attune::sync {
namespace {

using std::chrono::seconds;

}  // namespace

MailboxWorld::End::End(MailboxWorld& world, std::string name, std::uint64_t seed)
    : phone(std::move(name), seed), world_(world), random_(seed + 1'000) {}

MailboxWorld::MailboxWorld() : ana(*this, "Ana", 1), ben(*this, "Ben", 2) {
  pair(ana.phone, ben.phone);
  const crypto::Key live_root = random_.key();
  const crypto::Key id_root = random_.key();
  const crypto::Key mailbox_root = random_.key();
  for (End* end : {&ana, &ben}) {
    PartnerDevice& device = end->phone.partner->devices.front();
    device.live_root = live_root.clone();
    device.id_root = id_root.clone();
    end->restart();
    RecordBatch batch;
    end->mailbox->paired(device.device, mailbox_root, batch);
    end->mailbox->write(batch, Mailbox::Save::kWhatMust, end->phone.now);
    end->phone.disk.perform(batch);
  }
}

std::uint32_t MailboxWorld::End::ask(const relay::ToRelay& question) {
  Question asked{.correlation = ++last_correlation_, .question = question, .body = {}};
  if (auto* put = std::get_if<relay::Put>(&asked.question)) {
    asked.body.assign(put->body.begin(), put->body.end());
  }
  asked_.push_back(std::move(asked));
  return last_correlation_;
}

void MailboxWorld::End::connect() {
  if (session_) return;
  session_ = world_.relay.connect();
  step([this](Ripple& ripple, Output& out) {
    mailbox->happened(RelayUp{world_.relay.params()}, phone.now, ripple, out);
  });
}

void MailboxWorld::End::disconnect() {
  if (!session_) return;
  world_.relay.disconnect(*session_);
  session_.reset();
  asked_.clear();
  step([this](Ripple& ripple, Output& out) {
    mailbox->happened(RelayDown{}, phone.now, ripple, out);
  });
}

void MailboxWorld::End::restart(std::optional<Steady> rests_until) {
  if (session_) world_.relay.disconnect(*session_);
  session_.reset();
  asked_.clear();
  phone.restart();
  mailbox = Mailbox::open({.self = &phone.self,
                           .partner = &phone.partner,
                           .notebook = phone.notebook.get(),
                           .random = &random_,
                           .relay = this,
                           .rests_until = rests_until},
                          phone.disk.records());
  ASSERT_NE(mailbox, nullptr);
}

void MailboxWorld::End::put_back(const Disk& older) {
  phone.disk = older;
  restart();
}

void MailboxWorld::End::step(const std::function<void(Ripple&, Output&)>& what) {
  Ripple ripple;
  Output out;
  if (what) what(ripple, out);
  mailbox->pump(phone.now, false);
  RecordBatch batch = std::move(ripple.persist);
  std::ranges::move(out.persist.changes, std::back_inserter(batch.changes));
  mailbox->write(batch, Mailbox::Save::kWhatMust, phone.now);
  for (const Notice& notice : out.notices) {
    if (notice.event == "parcels-refused") refused += notice.count;
  }
  perform(batch);
}

// Persist, then what is said to the relay, as the driver does.
void MailboxWorld::End::perform(const RecordBatch& batch) {
  const Crash how = batch.empty() ? Crash::kNever : std::exchange(crash, Crash::kNever);
  if (how == Crash::kBeforeCommit) return restart();
  phone.disk.perform(batch);
  if (how == Crash::kAfterCommit) return restart();
  for (Question& asked : std::exchange(asked_, {})) {
    if (auto* put = std::get_if<relay::Put>(&asked.question)) put->body = asked.body;
    if (session_) world_.relay.ask(*session_, asked.correlation, asked.question);
  }
}

Answer MailboxWorld::End::ask_person(const Command& command) {
  Answer answer = phone.ask(command);
  step();
  return answer;
}

EntryId MailboxWorld::End::write(std::string_view words) {
  const EntryId id = phone.add("thanks", text_field("thanks", "words", words));
  step();
  return id;
}

std::size_t MailboxWorld::End::count() { return phone.list({.kind = kind("thanks")}).size(); }

void MailboxWorld::settle() {
  while (auto said = relay.next()) {
    for (End* end : {&ana, &ben}) {
      if (end->session_ != said->to) continue;
      if (std::holds_alternative<relay::Message>(said->frame) && on_the_way &&
          !on_the_way(said->body)) {
        const auto& lost = std::get<relay::Message>(said->frame);
        relay.ask(said->to, said->correlation,
                  relay::Acknowledge{.handle = lost.handle, .seq = lost.seq});
        continue;
      }
      end->step([&](Ripple& ripple, Output& out) {
        end->mailbox->happened(
            RelayFrameCame{.correlation = said->correlation, .frame = said->whole()},
            end->phone.now, ripple, out);
      });
    }
  }
}

void MailboxWorld::wait(seconds time) {
  settle();
  while (time > seconds(0)) {
    const seconds part = time > std::chrono::minutes(1) ? time : seconds(1);
    time -= part;
    relay.hour += static_cast<std::uint32_t>(part.count() / 3'600);
    for (End* end : {&ana, &ben}) {
      end->phone.wait(part);
      end->step();
    }
    settle();
  }
}

void MailboxWorld::visit(End& who, seconds time) {
  who.connect();
  wait(time);
  who.disconnect();
}

void MailboxWorld::meet(End& dialler, End& listener, std::size_t messages) {
  const LinkId link{++links_};
  const crypto::Hash64 handshake = random_.bytes<64>();
  struct Said {
    End* to;
    NewRatchet what;
  };
  std::vector<Said> said;
  const auto session = [&](const End& of, const End& with) {
    return Mailbox::LiveSession{.link = link,
                                .peer = with.phone.self.device,
                                .dialled = &of == &dialler,
                                .handshake = handshake};
  };
  const auto other = [&](const End* of) { return of == &dialler ? &listener : &dialler; };
  const auto say = [&](End* to, const std::optional<NewRatchet>& what) {
    if (what) said.push_back({.to = to, .what = *what});
  };
  for (End* end : {&dialler, &listener}) {
    End* with = other(end);
    std::optional<NewRatchet> first;
    end->step([&](Ripple&, Output&) {
      first = end->mailbox->greeted(session(*end, *with), with->phone.notebook->both()->vector(),
                                    end->phone.now);
    });
    say(with, first);
  }
  for (std::size_t i = 0; i < said.size() && i < messages; ++i) {
    Said next = said[i];  // a copy, as more is said meanwhile
    std::optional<NewRatchet> reply;
    const bool crashes = next.to->crash != End::Crash::kNever;
    next.to->step([&](Ripple&, Output&) {
      reply = next.to->mailbox->heard(session(*next.to, *other(next.to)), next.what,
                                      next.to->phone.now);
    });
    if (crashes && next.to->crash == End::Crash::kNever) break;
    say(other(next.to), reply);
  }
  for (End* end : {&dialler, &listener}) {
    end->mailbox->forget_links([](LinkId) { return false; });
  }
}

}  // namespace attune::sync
