#include "tests/bench/record_workload.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "proto/bytes.h"

namespace attune::bench {
namespace {

constexpr std::array<std::string_view, 64> kWords = {
    "about",   "after",  "again", "always", "anchor", "answer",  "before", "better",
    "between", "bring",  "calm",  "care",   "check",  "clear",   "close",  "comfort",
    "daily",   "dinner", "door",  "early",  "enough", "evening", "feel",   "friend",
    "gentle",  "garden", "hand",  "happy",  "home",   "honest",  "hour",   "idea",
    "kind",    "later",  "learn", "letter", "listen", "little",  "make",   "maybe",
    "morning", "music",  "need",  "never",  "night",  "often",   "open",   "pause",
    "people",  "place",  "quiet", "ready",  "rest",   "safe",    "share",  "slow",
    "soft",    "sound",  "space", "talk",   "thank",  "today",   "touch",  "trust"};
constexpr std::array<std::string_view, 4> kSorts = {"boundary", "checkin", "agreement", "note"};
constexpr std::array<std::string_view, 4> kLevels = {"yes", "maybe", "ask-first", "no"};
constexpr std::uint32_t kTags = 32;
constexpr std::size_t kTagsOfRecord = 3;
constexpr std::size_t kTitleBytes = 30;
constexpr std::size_t kBodyBytes = 200;
constexpr std::uint32_t kMoods = 11;
constexpr std::uint32_t kFields = 7;

class Mulberry32 {
 public:
  explicit Mulberry32(std::uint32_t seed) : state_(seed) {}
  std::uint32_t next() {
    state_ += 0x6D2B79F5u;
    std::uint32_t t = state_;
    t = (t ^ t >> 15) * (t | 1);
    t ^= t + (t ^ t >> 7) * (t | 61);
    return t ^ t >> 14;
  }
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(std::uint64_t{next()} * bound >> 32);
  }

 private:
  std::uint32_t state_;
};

std::string digits(std::uint32_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

std::string hex8(std::uint32_t value) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return to_hex(bytes);
}

template <std::size_t N>
std::string one_of(Mulberry32& random, const std::array<std::string_view, N>& words) {
  return std::string(words[random.below(N)]);
}

// The word that does not fit any more is drawn all the same.
std::string draw_text(Mulberry32& random, std::size_t bytes_max) {
  std::string text;
  while (true) {
    const std::string word = one_of(random, kWords);
    if (text.size() + (text.empty() ? 0 : 1) + word.size() > bytes_max) return text;
    if (!text.empty()) text += ' ';
    text += word;
  }
}

std::string draw_tag(Mulberry32& random) { return "tag" + digits(random.below(kTags), 2); }

std::string draw_date(Mulberry32& random) {
  const std::uint32_t month = 1 + random.below(12);
  const std::uint32_t day = 1 + random.below(28);
  return "2027-" + digits(month, 2) + '-' + digits(day, 2);
}

WorkRecord draw_record(Mulberry32& random, std::uint64_t created) {
  WorkRecord record;
  record.id = hex8(random.next());
  record.id += hex8(random.next());
  record.sort = one_of(random, kSorts);
  record.title = draw_text(random, kTitleBytes);
  record.body = draw_text(random, kBodyBytes);
  record.level = one_of(random, kLevels);
  record.review = draw_date(random);
  while (record.tags.size() < kTagsOfRecord) record.tags.insert(draw_tag(random));
  record.mood = static_cast<int>(random.below(kMoods));
  record.created = created;
  return record;
}

std::string draw_value(Mulberry32& random, WorkField field) {
  switch (field) {
    case WorkField::kSort:
      return one_of(random, kSorts);
    case WorkField::kTitle:
      return draw_text(random, kTitleBytes);
    case WorkField::kBody:
      return draw_text(random, kBodyBytes);
    case WorkField::kLevel:
      return one_of(random, kLevels);
    case WorkField::kReview:
      return draw_date(random);
    case WorkField::kTags:
      return draw_tag(random);
    case WorkField::kMood:
      return std::to_string(random.below(kMoods));
  }
  return {};
}

void append_member(std::string& json, std::string_view name, std::string_view text) {
  json.append("\"").append(name).append("\":\"").append(text).append("\",");
}

// No value has a character that JSON escapes.
void append_json(std::string& json, const WorkRecord& record) {
  json += '{';
  append_member(json, "id", record.id);
  append_member(json, "kind", record.sort);
  append_member(json, "title", record.title);
  append_member(json, "body", record.body);
  append_member(json, "level", record.level);
  append_member(json, "review", record.review);
  json += "\"tags\":[";
  for (const std::string& tag : record.tags) json.append("\"").append(tag).append("\",");
  if (!record.tags.empty()) json.pop_back();
  json += "],\"mood\":" + std::to_string(record.mood);
  json += ",\"created\":" + std::to_string(record.created) + '}';
}

using Cells = std::set<std::pair<std::size_t, std::string>>;
Cells cells_of(const WorkScript& script) {
  Cells cells;
  for (const WorkEdit& edit : script.edits) {
    const bool tag = edit.field == WorkField::kTags;
    cells.emplace(edit.record, tag ? edit.value : std::to_string(static_cast<int>(edit.field)));
  }
  return cells;
}

}  // namespace

std::vector<WorkRecord> base_records() {
  Mulberry32 random(1);
  std::vector<WorkRecord> records;
  for (std::uint64_t i = 0; i < kBaseRecords; ++i) {
    records.push_back(draw_record(random, 1'760'000'000'000 + 60'000 * i));
  }
  return records;
}

WorkScript script_of(std::size_t replica) {
  Mulberry32 random(static_cast<std::uint32_t>(2 + replica));
  WorkScript script;
  for (std::size_t i = 0; i < kEdits; ++i) {
    WorkEdit edit;
    edit.record = random.below(kBaseRecords);
    edit.field = static_cast<WorkField>(random.below(kFields));
    edit.value = draw_value(random, edit.field);
    script.edits.push_back(std::move(edit));
  }
  const std::uint64_t begin = 1'770'000'000'000 + 500'000'000 * replica;
  for (std::uint64_t k = 0; k < kAdds; ++k) {
    script.adds.push_back(draw_record(random, begin + 60'000 * k));
  }
  return script;
}

void apply(const WorkEdit& edit, WorkRecord& record) {
  switch (edit.field) {
    case WorkField::kSort:
      record.sort = edit.value;
      break;
    case WorkField::kTitle:
      record.title = edit.value;
      break;
    case WorkField::kBody:
      record.body = edit.value;
      break;
    case WorkField::kLevel:
      record.level = edit.value;
      break;
    case WorkField::kReview:
      record.review = edit.value;
      break;
    case WorkField::kTags:
      if (record.tags.erase(edit.value) == 0) record.tags.insert(edit.value);
      break;
    case WorkField::kMood:
      record.mood = std::stoi(edit.value);
      break;
  }
}

std::size_t raw_bytes(const WorkScript& script) {
  std::size_t bytes = 0;
  for (const WorkEdit& edit : script.edits) {
    bytes += 8 + 1 + (edit.field == WorkField::kMood ? 1 : edit.value.size());
    if (edit.field == WorkField::kTags) ++bytes;
  }
  for (const WorkRecord& record : script.adds) {
    bytes += 8 + 8 + record.sort.size() + record.title.size() + record.body.size() +
             record.level.size() + record.review.size() + 1 + 8;
    for (const std::string& tag : record.tags) bytes += tag.size();
  }
  return bytes;
}

std::size_t cells_of_both(const WorkScript& a, const WorkScript& b) {
  const Cells of_a = cells_of(a);
  const Cells of_b = cells_of(b);
  Cells both;
  std::ranges::set_intersection(of_a, of_b, std::inserter(both, both.end()));
  return both.size();
}

std::string json_hash(const std::vector<WorkRecord>& records) {
  std::string json = "[";
  for (const WorkRecord& record : records) {
    append_json(json, record);
    json += ',';
  }
  if (!records.empty()) json.pop_back();
  json += ']';
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
  crypto_hash_sha256(hash.data(), as_bytes(json).data(), json.size());
  return to_hex(hash);
}

}  // namespace attune::bench
