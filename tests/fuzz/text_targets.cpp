// What people type, show to a camera or write into a file: codes, QR texts, configuration, names.
#include <algorithm>

#include "daemon/settings.h"
#include "daemon/sync/qr_text.h"
#include "proto/code_words.h"
#include "proto/endpoint.h"
#include "proto/ids.h"
#include "proto/limits.h"
#include "proto/time.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

// ---- A spoken code.

void run_code(ByteView input) {
  const std::string_view text = as_text(input);
  if (const auto code = parse_spoken_code(text)) {
    require(code->nameplate <= 9'999, "a nameplate has four digits");
    for (const std::uint16_t word : code->words) {
      require(word < code_words().size(), "a word is on the list");
    }
    require(parse_spoken_code(to_text(*code)) == code, "a code is read as it was said");
  }
  if (const auto found = find_code_word(text)) {
    require(!complete_code_word(text).empty(), "what names a word completes to it");
    require(*found < code_words().size(), "a word is on the list");
  }
}

std::vector<Bytes> code_seeds() {
  return {bytes_of("4711-candle-otter-lemon"), bytes_of("0001 CAND OTTE LEMO"), bytes_of("candle")};
}

// ---- The text of a QR code.

void run_qr(ByteView input) {
  const std::string_view text = as_text(input);
  if (const auto bytes = sync::decode_base45(text)) {
    require(sync::encode_base45(*bytes) == text, "base45 has one form");
  }
  if (text.size() < 256) {
    require(sync::decode_base45(sync::encode_base45(input)) == Bytes(input.begin(), input.end()),
            "base45 gives back every byte");
  }
  const auto offer = sync::parse_qr_text(text);
  if (!offer) return;
  require(offer->bytes.size() <= limits::kQrBytesMax, "a QR is short");
  require(offer->endpoints.size() <= limits::kAddressesMax, "an issuer has few addresses");
  require(sync::qr_text(*offer) == text, "a QR has one form");
  for (const Endpoint& endpoint : offer->endpoints) {
    require(endpoint.is_unicast() && endpoint.port != 0, "an endpoint can be dialled");
  }
  if (offer->relay) {
    require(parse_relay_url(to_text(*offer->relay)) == offer->relay, "a relay can be dialled");
    require(!offer->relay->invite, "and brings no invite");
  }
}

std::vector<Bytes> qr_seeds() {
  crypto::SeededRandom random(2);
  const crypto::PublicKey identity = random.bytes<32>();
  Endpoint v6;
  v6.address[0] = 0xfd;
  v6.address[15] = 1;
  v6.port = 4711;
  const RelayUrl relay{.place = {.host = "a.example", .port = 443}, .invite = {}, .key = {1}};
  std::vector<Bytes> out;
  for (const auto& own : std::vector<std::vector<Endpoint>>{
           {}, {Endpoint::v4({192, 0, 2, 7}, 4711)}, {Endpoint::v4({192, 0, 2, 7}, 4711), v6}}) {
    out.push_back(bytes_of(sync::qr_text(sync::make_qr_offer(identity, own, {}, random))));
    out.push_back(bytes_of(sync::qr_text(sync::make_qr_offer(identity, own, relay, random))));
  }
  return out;
}

// ---- config.toml.

void run_config(ByteView input) {
  try {
    const Settings settings = parse_settings(std::string(as_text(input)));
    require(settings.log == "error" || settings.log == "warn" || settings.log == "info" ||
                settings.log == "debug",
            "a log level is one of four");
  } catch (const BadSettings& bad) {
    // The sentence is shown: it is ours, and holds nothing of the file.
    require(std::ranges::all_of(std::string_view(bad.what()),
                                [](char c) { return c >= ' ' && c <= '~'; }),
            "a refusal is a plain sentence");
  }
}

std::vector<Bytes> config_seeds() {
  return {bytes_of("port = 4711\nbeacon = \"off\"\nlog = \"debug\"\neditor = \"on\"\n"),
          bytes_of("# nothing\n"), bytes_of("[a]\nb.c = {d = [1, 2.5, 2026-11-25T01:00:00Z]}\n"),
          bytes_of("x = '''\nlines\n'''\n")};
}

// ---- Names of entries, days, endpoints.

void run_name(ByteView input) {
  const std::string_view text = as_text(input);
  if (const auto prefix = parse_entry_prefix(text)) {
    require(prefix->digits.size() >= 4 && prefix->digits.size() <= 26, "a name has a length");
    require(parse_entry_prefix(std::string{prefix->letter} + '-' + prefix->digits).has_value(),
            "a name's plain form is a name");
  }
  if (const auto day = parse_day(text)) require(to_text(*day) == text, "a day has one form");
  if (const auto endpoint = parse_endpoint(text)) {
    require(endpoint->port != 0, "an endpoint has a port");
    require(parse_endpoint(to_text(*endpoint)) == endpoint, "an endpoint is read as written");
  }
  Reader reader(input);
  if (const auto endpoint = take_endpoint(reader)) {
    Bytes again;
    append_endpoint(again, *endpoint);
    require(std::ranges::equal(again, input.first(again.size())), "an endpoint has one form");
  }
}

std::vector<Bytes> name_seeds() {
  Bytes endpoint;
  append_endpoint(endpoint, Endpoint::v4({192, 0, 2, 7}, 4711));
  return {bytes_of("b-041061050r3gg28afe1616b4mr"),
          bytes_of("B-O4IL"),
          bytes_of("2027-09-17"),
          bytes_of("192.0.2.7:4711"),
          bytes_of("[fe80::1%3]:4711"),
          endpoint};
}

}  // namespace

std::vector<Target> text_targets() {
  return {{.name = "code", .run = run_code, .seeds = code_seeds, .bytes_max = 128},
          {.name = "qr", .run = run_qr, .seeds = qr_seeds, .bytes_max = 512},
          {.name = "config", .run = run_config, .seeds = config_seeds, .damages_max = 4'000},
          {.name = "name", .run = run_name, .seeds = name_seeds, .bytes_max = 128}};
}

}  // namespace attune::fuzz
