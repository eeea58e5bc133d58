#include "client/item_text.h"

#include <algorithm>

#include "client/item_fields.h"
#include "client/render_json.h"
#include "client/safe_text.h"
#include "client/wording.h"
#include "proto/time.h"

namespace attune::client {
namespace {

constexpr std::size_t kPrefix = 2;  // the letter and the hyphen
constexpr std::size_t kDigitsListed = 4;
constexpr std::size_t kDigitsAlone = 8;  // nothing stands beside it to be told apart from
const char* const kIndent = "    ";

std::string indented(const std::string& text, const std::string& indent) {
  std::string out = indent;
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n') out += indent;
  }
  return out + '\n';
}

std::string value_text(const ShownField& shown) {
  if (shown.truth) return *shown.truth ? "yes" : "no";
  if (shown.number) return std::to_string(*shown.number);
  std::string out;
  for (const std::string& text : shown.texts) out += (out.empty() ? "" : ", ") + safe_text(text);
  return out;
}

std::size_t shared_beginning(const std::string& one, const std::string& other) {
  const auto end = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first;
  return static_cast<std::size_t>(end - one.begin());
}

}  // namespace

std::vector<std::string> shortened(const std::vector<std::string>& names, std::size_t letters) {
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::string> out;
  for (const std::string& name : names) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), name);
    std::size_t needed = kPrefix + letters;
    if (at != sorted.begin()) needed = std::max(needed, shared_beginning(name, *(at - 1)) + 1);
    if (at + 1 != sorted.end()) needed = std::max(needed, shared_beginning(name, *(at + 1)) + 1);
    out.push_back(name.substr(0, needed));
  }
  return out;
}

std::string ItemText::bold(const std::string& text) const {
  return look_.color ? "\x1b[1m" + text + "\x1b[0m" : text;
}

std::string ItemText::name(std::uint32_t kind, const std::string& id) const {
  const std::string full = item_name(kinds_, kind, as_bytes(id));
  return look_.terminal && !look_.plain ? full.substr(0, kPrefix + kDigitsAlone) : full;
}

std::string ItemText::fields(const KindRow* kind, const std::string& message,
                             const std::string& indent) const {
  if (kind == nullptr) return indent + "written by a newer version\n";
  std::string out;
  for (const ShownField& shown : shown_fields(*kind, as_bytes(message))) {
    const bool spoken = shown.row->ask == Ask::kFirst;
    const std::string label = spoken ? std::string() : label_of(*shown.row) + ": ";
    out += indented(label + value_text(shown), indent);
  }
  return out;
}

std::string ItemText::block(const v1::Item& item, const std::string& shown_name) const {
  const KindRow* kind = kinds_.kind(item.kind());
  std::string out = bold(shown_name) + "  " + to_text(LocalDay{item.day()}) + "  " +
                    (item.mine() ? "mine" : "partner's") + ", " +
                    (item.shared() ? "shared" : "private") + ", " + safe_line(item.state()) + '\n';
  out += fields(kind, item.entry(), kIndent);
  for (const v1::Rival& rival : item.rivals()) {
    out += std::string(kIndent) +
           (rival.mine() ? "beside it, mine:\n" : "beside it, the partner's:\n");
    out += fields(kind, rival.entry(), std::string(kIndent) + kIndent);
  }
  return out;
}

std::string ItemText::one(const v1::Item& item) const {
  return block(item, name(item.kind(), item.id()));
}

std::string ItemText::list(const v1::Items& items, bool today) const {
  if (items.items().empty()) {
    if (look_.quiet) return {};
    return today ? "Nothing awaits you.\n" : "Nothing is here.\n";
  }
  std::vector<std::string> names;
  for (const v1::Item& item : items.items()) {
    names.push_back(item_name(kinds_, item.kind(), as_bytes(item.id())));
  }
  if (look_.terminal && !look_.plain) names = shortened(names, kDigitsListed);
  std::string out;
  std::vector<bool> shown(names.size());
  const auto heading = [&](const std::string& plural, const auto& belongs) {
    bool first = true;
    for (int at = 0; at < items.items_size(); ++at) {
      const auto index = static_cast<std::size_t>(at);
      if (shown[index] || !belongs(items.items(at))) continue;
      if (first) out += (out.empty() ? "" : "\n") + bold(plural) + '\n';
      first = false;
      shown[index] = true;
      out += block(items.items(at), names[index]);
    }
  };
  for (const KindRow& kind : kinds_.kinds()) {
    heading(kind.plural, [&](const v1::Item& item) { return item.kind() == kind.number; });
  }
  heading("other entries", [](const v1::Item&) { return true; });
  return out;
}

std::string ItemText::said(const v1::OwnAndTheirs& both) const {
  const auto one = [&](const char* who, bool present, const v1::Item& item) {
    if (!is_said(kinds_, present, item)) return std::string(who) + ": not said, which is no\n";
    return std::string(who) + ":\n" + fields(kinds_.kind(item.kind()), item.entry(), kIndent);
  };
  return one("you", both.has_mine(), both.mine()) +
         one("partner", both.has_partner(), both.partner());
}

}  // namespace attune::client
