// What a relay and a device read from each other, and the address of a relay.
#include <vector>

#include "crypto/relay_record.h"
#include "proto/relay_frame.h"
#include "proto/relay_url.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

using namespace relay;

/// Reads the frames of a record's plaintext; what is a message packs to the bytes that it was.
template <typename Decode>
void run_frames(ByteView plain, Decode decode) {
  FrameReader reader(plain);
  std::size_t taken = 0;
  while (const auto frame = reader.next()) {
    const std::size_t size = kFrameHeadBytes + frame->body.size();
    require(taken + size <= plain.size(), "a frame is part of its record");
    const ByteView bytes = plain.subspan(taken, size);
    taken += size;
    const auto message = decode(*frame);
    if (!message) continue;
    Bytes room(size);
    FramePacker packer(room);
    require(packer.add(frame->correlation, *message), "what was read fits where it stood");
    // A later relay's Params may be longer than ours.
    const bool grows = frame->type == static_cast<std::uint8_t>(FrameType::kParams);
    require(grows || Bytes(bytes.begin(), bytes.end()) == room, "a frame has one form");
  }
  if (!reader.ok()) return;
  for (const std::uint8_t byte : plain.subspan(taken)) require(byte == 0, "padding is zeros");
}

template <typename Message>
Bytes packed(std::initializer_list<Message> messages) {
  Bytes room(limits::kRelayPlainMax);
  FramePacker packer(room);
  std::uint32_t correlation = 1;
  for (const Message& message : messages) {
    require(packer.add(correlation++, message), "a seed fits");
  }
  room.resize(crypto::relay_plain_class(packer.size()));
  return room;
}

void run_to_relay(ByteView input) { run_frames(input, decode_to_relay); }

std::vector<Bytes> to_relay_seeds() {
  static const Bytes kBody(40, 7);
  return {packed<ToRelay>({Hello{.keepalive_seconds = 60, .invite = kBody}}),
          packed<ToRelay>({Open{.role = MailboxRole::kWriter},
                           Put{.handle = 1, .wseq = 1, .body = kBody}, Ping{}}),
          packed<ToRelay>({Open{}, Subscribe{.handle = 1, .after = 0, .window = 16},
                           Acknowledge{.handle = 1, .seq = 4}}),
          packed<ToRelay>({Fetch{.handle = 1, .count_max = 5},
                           Pipe{.id = {}, .side = PipeSide::kIssuer}, PipeAck{}})};
}

void run_from_relay(ByteView input) { run_frames(input, decode_from_relay); }

std::vector<Bytes> from_relay_seeds() {
  static const Bytes kBody(40, 7);
  return {packed<FromRelay>({Params{.hour = 400'000}, Ok{.handle = 1, .seq = 2, .used = 3}}),
          packed<FromRelay>({PutOk{.wseq = 1}, Duplicate{.last = 1},
                             Quota{.kind = QuotaKind::kRate, .retry_seconds = 1}}),
          packed<FromRelay>({Message{.handle = 1, .seq = 2, .body = kBody}, End{.handle = 1},
                             Done{.handle = 1, .more = true}}),
          packed<FromRelay>({Wait{}, Ready{}, Pong{}, GoAway{.retry_seconds = 5},
                             Error{.code = ErrorCode::kBusy, .retry_seconds = 60}})};
}

/// The bytes of a connection after the handshake: only what was sealed is opened, and in order.
void run_record(ByteView input) {
  const crypto::Key key(std::array<std::uint8_t, 32>{4, 5, 6});
  crypto::CipherState receive(key.clone());
  Bytes bytes(input.begin(), input.end());
  std::span<std::uint8_t> rest(bytes);
  while (rest.size() >= 2) {
    const auto size = crypto::relay_record_size(rest.first<2>());
    if (!size || *size > rest.size()) return;
    const auto plain = crypto::open_relay_record(receive, rest.first(*size));
    if (!plain) return;
    require(plain->size() == *size - 2 - crypto::kTagBytes, "a record is all plaintext and tag");
    require(crypto::relay_plain_class(plain->size()) == plain->size(), "of one of six sizes");
    run_to_relay(*plain);
    rest = rest.subspan(*size);
  }
}

std::vector<Bytes> record_seeds() {
  const crypto::Key key(std::array<std::uint8_t, 32>{4, 5, 6});
  crypto::CipherState send(key.clone());
  std::vector<Bytes> out;
  Bytes all;
  std::vector<std::uint8_t> room(crypto::kRelayRecordMax);
  for (const Bytes& plain : to_relay_seeds()) {
    const std::span<std::uint8_t, crypto::kRelayRecordMax> fixed(room);
    std::copy(plain.begin(), plain.end(), crypto::relay_plain_room(fixed).begin());
    append(all, crypto::seal_relay_record(send, fixed, plain.size()));
    out.push_back(all);
  }
  return out;
}

void run_url(ByteView input) {
  const std::string_view text = as_text(input);
  if (const auto url = parse_relay_url(text)) {
    require(to_text(*url) == text, "an address has one form");
    require(url->place.port != 0, "and can be dialled");
    require(url->place.host.size() <= limits::kRelayHostMax, "a host's name is short");
    require(!url->invite || is_relay_invite(*url->invite), "an invite is one");
  }
  if (const auto place = parse_host_port(text)) {
    require(to_text(*place) == text, "a place has one form");
  }
}

std::vector<Bytes> url_seeds() {
  RelayUrl url;
  url.place = {.host = "relay.example", .port = 443};
  url.key[3] = 9;
  std::vector<Bytes> out;
  const auto add = [&out](const std::string& text) { out.emplace_back(text.begin(), text.end()); };
  add(to_text(url));
  url.invite = "come-in_9";
  url.place.host = "fe80::1";
  add(to_text(url));
  add(to_text(url.place));
  return out;
}

}  // namespace

std::vector<Target> relay_targets() {
  return {{.name = "to_relay", .run = run_to_relay, .seeds = to_relay_seeds},
          {.name = "from_relay", .run = run_from_relay, .seeds = from_relay_seeds},
          {.name = "relay_record", .run = run_record, .seeds = record_seeds},
          {.name = "relay_url", .run = run_url, .seeds = url_seeds, .bytes_max = 512}};
}

}  // namespace attune::fuzz
