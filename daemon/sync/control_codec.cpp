#include "daemon/sync/control_codec.h"

#include <strings.h>

#include <algorithm>

#include "attune/v1/control.pb.h"
#include "proto/code_words.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "proto/overloaded.h"
#include "proto/version.h"

namespace attune::sync {
namespace {

constexpr std::chrono::seconds kWaitMax = 24h;  // of `sync --wait` and `pair --wait`

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(ByteView bytes) { return std::string(as_text(bytes)); }

std::chrono::seconds wait_of(std::uint32_t seconds) {
  return std::min(std::chrono::seconds(seconds), kWaitMax);
}

Whose whose_of(v1::Whose whose) {
  switch (whose) {
    case v1::WHOSE_MINE:
      return Whose::kMine;
    case v1::WHOSE_PARTNER:
      return Whose::kPartner;
    default:
      return Whose::kBoth;
  }
}

std::optional<ControlRequest> pair_request(const v1::Pair& pair) {
  switch (pair.how_case()) {
    case v1::Pair::kInvite:
      return Command{PairInvite{}};
    case v1::Pair::kCode:
      return Command{PairByCode{.code = pair.code(), .wait = wait_of(pair.wait_seconds())}};
    case v1::Pair::kQr:
      return Command{PairByQr{.text = pair.qr()}};
    case v1::Pair::HOW_NOT_SET:
      return std::nullopt;
  }
  return std::nullopt;
}

EditEntry edit_of(const v1::Edit& edit) {
  return {.id = edit.id(),
          .kind = edit.kind(),
          .message = bytes_of(edit.entry()),
          .clear = {edit.clear().begin(), edit.clear().end()},
          .tighter = edit.tighter(),
          .version = bytes_of(edit.version())};
}

std::optional<ControlRequest> entry_request(const v1::Request& request) {
  switch (request.body_case()) {
    case v1::Request::kAdd: {
      const v1::Add& add = request.add();
      return Command{AddEntry{.kind = add.kind(),
                              .message = bytes_of(add.entry()),
                              .share = add.share(),
                              .version = bytes_of(add.version())}};
    }
    case v1::Request::kEdit:
      return Command{edit_of(request.edit())};
    case v1::Request::kEnd: {
      const v1::End& end = request.end();
      return Command{EndEntry{.id = end.id(), .kind = end.kind(), .topic = end.topic()}};
    }
    case v1::Request::kShare:
      return Command{ShareEntry{request.share().id()}};
    case v1::Request::kUnshare:
      return Command{UnshareEntry{request.unshare().id()}};
    case v1::Request::kForget:
      return Command{ForgetEntry{.id = request.forget().id(), .here = request.forget().here()}};
    case v1::Request::kUndo:
      return Command{Undo{}};
    case v1::Request::kList: {
      const v1::List& list = request.list();
      return Command{ListEntries{.kind = list.kind(),
                                 .whose = whose_of(list.whose()),
                                 .held = list.held(),
                                 .ended = list.ended()}};
    }
    case v1::Request::kShow:
      return Command{ShowEntry{request.show().id()}};
    case v1::Request::kShowOwn:
      return Command{ShowOwn{request.show_own().kind()}};
    case v1::Request::kToday:
      return Command{ListToday{}};
    default:
      return std::nullopt;
  }
}

std::optional<ControlRequest> relay_request(const v1::Request& request) {
  switch (request.body_case()) {
    case v1::Request::kRelayShow:
      return Command{RelayShow{}};
    case v1::Request::kRelaySet:
      return Command{RelaySet{request.relay_set().url()}};
    case v1::Request::kRelayTest:
      return Command{RelayTest{}};
    case v1::Request::kRelayOff:
      return Command{RelayOff{}};
    default:
      return entry_request(request);
  }
}

std::optional<ControlRequest> request_of(const v1::Request& request) {
  switch (request.body_case()) {
    case v1::Request::kInit:
      return InitRequest{.name = request.init().name(),
                         .passphrase = bytes_of(request.init().passphrase())};
    case v1::Request::kUnlock:
      return UnlockRequest{bytes_of(request.unlock().passphrase())};
    case v1::Request::kLock:
      return LockRequest{};
    case v1::Request::kChangePassphrase:
      return ChangePassphraseRequest{
          .old_passphrase = bytes_of(request.change_passphrase().old_passphrase()),
          .new_passphrase = bytes_of(request.change_passphrase().new_passphrase())};
    case v1::Request::kStatus:
      return Command{AskStatus{}};
    case v1::Request::kPair:
      return pair_request(request.pair());
    case v1::Request::kPairAnswer:
      return Command{PairReply{request.pair_answer().yes()}};
    case v1::Request::kUnpair:
      return Command{Unpair{}};
    case v1::Request::kSync:
      return Command{SyncNow{wait_of(request.sync().wait_seconds())}};
    case v1::Request::kDoctor:
      return Command{Diagnose{}};
    case v1::Request::kWatch:
      return Command{Watch{}};
    default:
      return relay_request(request);
  }
}

/// Protobuf's copies of passphrases, overwritten before the message is freed.
void wipe(v1::Request& request) {
  const auto clear = [](std::string* secret) { ::explicit_bzero(secret->data(), secret->size()); };
  if (request.has_init()) clear(request.mutable_init()->mutable_passphrase());
  if (request.has_unlock()) clear(request.mutable_unlock()->mutable_passphrase());
  if (request.has_relay_set()) clear(request.mutable_relay_set()->mutable_url());
  if (request.has_change_passphrase()) {
    clear(request.mutable_change_passphrase()->mutable_old_passphrase());
    clear(request.mutable_change_passphrase()->mutable_new_passphrase());
  }
}

void wipe(std::optional<std::vector<WireField>>& fields) {
  for (WireField& field : *fields) ::explicit_bzero(field.bytes.data(), field.bytes.size());
}

void put_item(const Item& item, v1::Item* out) {
  out->set_id(text_of(item.id.view()));
  out->set_kind(item.kind);
  out->set_mine(item.mine);
  out->set_day(item.day.days);
  out->set_shared(item.shared);
  out->set_state(item.state);
  out->set_version(text_of(item.version));
  out->set_entry(text_of(item.message));
  for (const RivalShown& rival : item.rivals) {
    v1::Rival* beside = out->add_rivals();
    beside->set_mine(rival.mine);
    beside->set_entry(text_of(rival.message));
  }
}

void put_status(const StatusShown& status, v1::StatusAnswer* out) {
  out->set_version(kVersion);
  out->set_state("unlocked");
  out->set_name(status.name);
  out->set_paired(status.paired);
  out->set_partner(status.partner);
  out->set_devices(status.devices);
  out->set_exchanged_this_week(status.exchanged_this_week);
  out->set_relay(status.relay);
}

void put_failed(const Failed& failed, v1::Error* out) {
  out->set_code(static_cast<v1::Code>(failed.code));
  out->set_reason(static_cast<v1::Reason>(failed.reason));
  out->set_detail(failed.detail);
  out->set_seconds(static_cast<std::uint32_t>(std::max<std::int64_t>(0, failed.wait.count())));
}

void put_answer(const Answer& answer, v1::Answer& out) {
  std::visit(
      Overloaded{
          [&](const Done& done) { out.mutable_done()->set_state(done.state); },
          [&](const DeviceMade& made) { out.mutable_device()->set_id(text_of(made.id.view())); },
          [&](const Failed& failed) { put_failed(failed, out.mutable_error()); },
          [&](const Entered& entered) {
            out.mutable_entered()->set_id(text_of(entered.id.view()));
            out.mutable_entered()->set_kind(entered.kind);
          },
          [&](const Items& items) {
            v1::Items* list = out.mutable_items();
            for (const Item& item : items.items) put_item(item, list->add_items());
          },
          [&](const Item& item) { put_item(item, out.mutable_item()); },
          [&](const OwnAndTheirs& both) {
            v1::OwnAndTheirs* shown = out.mutable_own_and_theirs();
            if (both.mine) put_item(*both.mine, shown->mutable_mine());
            if (both.partner) put_item(*both.partner, shown->mutable_partner());
          },
          [&](const StatusShown& status) { put_status(status, out.mutable_status()); },
          [&](const Synced& synced) {
            out.mutable_synced()->set_exchanged(synced.exchanged);
            out.mutable_synced()->set_posted(synced.posted);
            out.mutable_synced()->set_pending_out(synced.pending_out);
          },
          [&](const Invitation& invitation) {
            out.mutable_pair()->mutable_invitation()->set_code(invitation.code);
            out.mutable_pair()->mutable_invitation()->set_qr(invitation.qr);
          },
          [&](const CheckPhrase& phrase) {
            v1::CheckPhrase* words = out.mutable_pair()->mutable_check();
            for (const std::uint16_t index : phrase.words) {
              words->add_words(std::string(code_words().at(index)));
            }
          },
          [&](const Paired& paired) { out.mutable_pair()->set_paired(paired.partner); },
          [&](const RelayShown& shown) { out.mutable_relay()->set_url(shown.url); },
          [&](const Changed& changed) { out.mutable_changed()->set_kind(changed.kind); },
          [&](const Findings& findings) {
            v1::Findings* list = out.mutable_findings();
            for (const Finding& finding : findings.items) {
              v1::Finding* item = list->add_items();
              item->set_check(finding.check);
              item->set_verdict(static_cast<v1::Verdict>(finding.verdict));
            }
          },
      },
      answer);
}

Bytes serialized(const v1::Answer& answer) {
  Bytes out(answer.ByteSizeLong());
  const bool whole = answer.SerializeToArray(out.data(), static_cast<int>(out.size()));
  assert(whole);
  return whole ? out : Bytes{};
}

}  // namespace

std::optional<ControlRequest> decode_request(ByteView body) {
  // Every request is one field of one body with scalar fields: a longer list of fields on the wire
  // could only be built to cost memory.
  if (body.size() > limits::kControlFrameMax) return std::nullopt;
  auto top = split_message(body);
  if (!top || top->size() != 1) return std::nullopt;
  const auto inner = wire_content(top->front().bytes);
  auto fields = inner ? split_message(*inner) : std::nullopt;
  wipe(top);
  if (!fields) return std::nullopt;
  wipe(fields);
  v1::Request request;
  if (!request.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
  // Packed, a list is one field however long it is.
  const bool short_list = request.edit().clear_size() <= static_cast<int>(limits::kListElementsMax);
  auto decoded = short_list ? request_of(request) : std::nullopt;
  wipe(request);
  return decoded;
}

Bytes encode_answer(const Answer& answer, bool last) {
  v1::Answer out;
  out.set_last(last);
  put_answer(answer, out);
  return serialized(out);
}

Bytes encode_closed_status(std::string_view state) {
  v1::Answer out;
  out.set_last(true);
  out.mutable_status()->set_version(kVersion);
  out.mutable_status()->set_state(std::string(state));
  return serialized(out);
}

}  // namespace attune::sync
