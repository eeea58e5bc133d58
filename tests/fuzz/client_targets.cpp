// What the client reads: JSON on standard input, a daemon's answers, pictures, its command line;
// and what of it reaches a terminal.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
// After cstdio: jpeglib.h uses FILE without asking for it.
#include <jpeglib.h>

#include "client/code_line.h"
#include "client/command_line.h"
#include "client/draft.h"
#include "client/failure.h"
#include "client/item_fields.h"
#include "client/qr.h"
#include "client/qr_image.h"
#include "client/render.h"
#include "client/safe_text.h"
#include "client/told.h"
#include "daemon/sync/control_codec.h"
#include "proto/kind_table.h"
#include "proto/limits.h"
#include "tests/fuzz/samples.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/target.h"

namespace attune::fuzz {
namespace {

const KindTable& kinds() { return KindTable::standard(); }

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

/// Looked for byte by byte, so that it shares nothing with what it checks.
bool may_steer_a_terminal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto at = [&text, i](std::size_t ahead) {
      return i + ahead < text.size() ? static_cast<unsigned char>(text[i + ahead]) : 0u;
    };
    if ((at(0) < 0x20 && at(0) != '\n') || at(0) == 0x7f) return true;
    if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) return true;   // C1
    if (at(0) == 0xd8 && at(1) == 0x9c) return true;                   // Arabic letter mark
    if (at(0) == 0xef && at(1) == 0xbb && at(2) == 0xbf) return true;  // byte order mark
    if (at(0) == 0xf3 && at(1) == 0xa0) return true;                   // tags
    if (at(0) != 0xe2) continue;
    const bool marks = at(1) == 0x80 && (at(2) == 0x8b || at(2) == 0x8e || at(2) == 0x8f ||
                                         (at(2) >= 0xa8 && at(2) <= 0xae));
    if (marks || (at(1) == 0x81 && at(2) >= 0xa0 && at(2) <= 0xaf)) return true;
  }
  return false;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// ---- Words on their way to a terminal.

void run_text(ByteView input) {
  const std::string_view text = as_text(input);
  const std::string shown = client::safe_text(text);
  require(!may_steer_a_terminal(shown), "nobody's words steer a terminal");
  require(nlohmann::json(shown).dump().size() >= 2, "what is shown is UTF-8");
  require(client::safe_text(shown) == shown, "what is safe stays as it is");
  require(shown.size() <= 3 * text.size(), "what is shown is not much longer");
  const std::string line = client::safe_line(text);
  require(line.find('\n') == std::string::npos, "a line is one line");
  require(!may_steer_a_terminal(line), "nobody's words steer a terminal");
  for (const std::string& completed : client::code_completions(std::string(text))) {
    require(completed.size() > text.size() / 2, "a completion goes on");
  }
}

std::vector<Bytes> text_seeds() {
  return {bytes_of("No calls after ten\nplease"),
          bytes_of("\x1b[2J\xe2\x80\xae"
                   "abc\xc2\x9b"
                   "31m\xe2\x81\xa6\xef\xbb\xbf"),
          bytes_of("4711-cand"), bytes_of("\xff\xfe\xf0\x9f\x92\x8b\xe2\x80\x8d")};
}

// ---- An answer of a daemon.

void check_shown(const v1::Answer& answer, const client::Verb& verb, client::Look look) {
  const client::Renderer renderer(kinds(), look);
  std::string shown;
  try {
    shown = answer.has_error() ? renderer.failure(client::failure_of(answer.error()))
                               : renderer.answer(answer, verb);
  } catch (const client::Failure& failure) {
    require(is_plain(failure.message()), "a failure is a plain sentence");
    return;
  }
  if (look.json) {
    require(!nlohmann::json::parse(shown, nullptr, false).is_discarded(), "JSON is JSON");
    require(std::ranges::count(shown, '\n') == 1, "JSON is one line");
  }
  if (!look.json || look.terminal) {
    require(!may_steer_a_terminal(shown), "no answer steers a terminal");
  }
}

void run_answer(ByteView input) {
  Script script(input);
  static const std::vector<client::Verb> kVerbs = client::verbs_of(kinds());
  const client::Verb& verb = kVerbs[script.below(kVerbs.size())];
  const ByteView bytes = script.rest();
  v1::Answer answer;
  if (!answer.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  for (const bool terminal : {false, true}) {
    check_shown(answer, verb, {.terminal = terminal});
    check_shown(answer, verb, {.json = true, .terminal = terminal});
    check_shown(answer, verb, {.plain = true, .quiet = true, .terminal = terminal});
  }
  client::needs_fixing(answer);
}

std::vector<Bytes> answer_seeds() {
  std::vector<Bytes> out;
  v1::Answer error;
  error.mutable_error()->set_code(v1::CODE_REFUSED);
  error.mutable_error()->set_reason(v1::REASON_WAIT_BEFORE_TRYING);
  error.mutable_error()->set_detail("words");
  error.mutable_error()->set_seconds(60);
  std::vector<Bytes> answers = sample_answers();
  answers.push_back(bytes_of(error.SerializeAsString()));
  for (const Bytes& answer : answers) {
    Bytes seed{0};
    append(seed, answer);
    out.push_back(std::move(seed));
  }
  return out;
}

// ---- JSON on standard input.

const std::vector<std::vector<std::string>>& commands() {
  static const std::vector<std::vector<std::string>> kCommands = {
      {"init"},
      {"unlock"},
      {"passphrase"},
      {"pair", "--code"},
      {"pair", "--qr"},
      {"boundary", "add", "--share"},
      {"edit", "b-0123"},
      {"consent", "say", "--state", "open"},
      {"journal", "add"},
      {"edit", "j-0123"},
      {"thanks", "add", "--win"},
      {"pause", "all"},
      {"list"}};
  return kCommands;
}

void run_json(ByteView input) {
  Script script(input);
  static const std::vector<client::Invocation> kInvocations = [] {
    std::vector<client::Invocation> out;
    for (std::vector<std::string> arguments : commands()) {
      arguments.emplace_back("--stdin");
      out.push_back(client::parse_command_line(arguments, kinds()));
    }
    return out;
  }();
  client::Draft draft(kInvocations[script.below(kInvocations.size())]);
  try {
    draft.take(client::told_replies(client::Wiped(std::string(as_text(script.rest()))),
                                    draft.questions()));
    if (!draft.open_ids().empty()) return;
    const std::string request = draft.request().SerializeAsString();
    if (request.size() > limits::kControlFrameMax) return;
    require(sync::decode_request(as_bytes(request)).has_value(),
            "the daemon can read what the client sends");
  } catch (const client::Failure& failure) {
    require(is_plain(failure.message()), "a failure is a plain sentence");
  }
}

std::vector<Bytes> json_seeds() {
  std::vector<Bytes> out;
  const auto add = [&out](std::uint8_t command, std::string_view json) {
    Bytes seed{command};
    append(seed, as_bytes(json));
    out.push_back(std::move(seed));
  };
  add(0, R"({"name":"Ada","passphrase":"candle otter lemon"})");
  add(1, R"({"passphrase":"caf\u0065\u0301"})");
  add(2, R"({"old":"one","new":"two"})");
  add(3, R"({"code":"4711-candle-otter-lemon"})");
  add(4, R"({"qr":"V50X507H0QS00"})");
  add(5, R"({"words":"No calls after ten","why":"I sleep"})");
  add(6, R"({"words":"No calls after nine","tighter":true,"version":"00ff","why":null})");
  add(7, R"({"feels_good":"A slow evening"})");
  add(8, R"({"words":"A good day","feelings":["calm","glad",""]})");
  add(9, R"({"feelings":[]})");
  add(10, R"({"words":"For the soup"})");
  add(11, " ");
  add(12, "{}");
  add(12, std::string(200, '['));
  return out;
}

// ---- Pictures.

void run_image(ByteView input) {
  const auto image = client::read_image(as_text(input));
  if (!image) return;
  require(image->pixels.size() == std::size_t{image->width} * image->height, "pixels fill it");
  require(image->pixels.size() <= client::kImagePixelsMax, "a picture has a size");
  if (image->pixels.size() <= 1u << 16) client::find_qr(*image);
}

Bytes as_jpeg(client::GreyImage image, bool progressive) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = image.width;
  jpeg.image_height = image.height;
  jpeg.input_components = 1;
  jpeg.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&jpeg);
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = image.pixels.data() + std::size_t{jpeg.next_scanline} * image.width;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  Bytes out(bytes, bytes + size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return out;
}

std::vector<Bytes> image_seeds() {
  const std::string png = client::qr_as_png("V50X507H0QS00");
  const client::GreyImage image = client::read_image(png).value();
  return {bytes_of(png), as_jpeg(image, false), as_jpeg(image, true)};
}

// ---- The command line.

void run_line(ByteView input) {
  std::vector<std::string> arguments(1);
  for (const char c : as_text(input)) {
    if (c == '\n') {
      arguments.emplace_back();
    } else if (c != '\0') {
      arguments.back().push_back(c);
    }
  }
  client::wants_json(arguments);
  try {
    const client::Invocation invocation = client::parse_command_line(arguments, kinds());
    if (invocation.verb.act == client::Act::kHelp || invocation.verb.act == client::Act::kKinds ||
        invocation.options.help || invocation.options.version) {
      return;
    }
    client::Draft draft(invocation);
  } catch (const client::Failure& failure) {
    require(is_plain(failure.message()), "a failure is a plain sentence");
  }
}

std::vector<Bytes> line_seeds() {
  std::vector<Bytes> out;
  for (const std::vector<std::string>& command : commands()) {
    Bytes line;
    for (const std::string& word : command) {
      append(line, as_bytes(word));
      line.push_back('\n');
    }
    append(line, as_bytes("--json"));
    out.push_back(std::move(line));
  }
  out.push_back(bytes_of("boundary\nadd\n--review\n2027-09-17\n--kind\nnegotiable"));
  out.push_back(bytes_of("thanks\nadd\n--about\nb-0123"));
  out.push_back(bytes_of("sync\n--wait\n10"));
  return out;
}

}  // namespace

std::vector<Target> client_targets() {
  return {{.name = "text", .run = run_text, .seeds = text_seeds},
          {.name = "answer", .run = run_answer, .seeds = answer_seeds},
          {.name = "json", .run = run_json, .seeds = json_seeds},
          {.name = "image",
           .run = run_image,
           .seeds = image_seeds,
           .bytes_max = 8'192,
           .damages_max = 1'000},
          {.name = "line",
           .run = run_line,
           .seeds = line_seeds,
           .bytes_max = 512,
           .damages_max = 2'000}};
}

}  // namespace attune::fuzz
