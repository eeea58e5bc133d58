#include "client/render_json.h"

namespace attune::client {
namespace {

const char* audience_word(Audience audience) {
  switch (audience) {
    case Audience::kMine:
      return "mine";
    case Audience::kBoth:
      return "both";
    case Audience::kChosen:
      return "chosen";
  }
  return "";
}

OrderedJson field_json(const FieldRow& field) {
  OrderedJson out;
  out["name"] = field.name;
  out["asked"] = field.ask == Ask::kFirst      ? "first"
                 : field.ask == Ask::kOptional ? "optional"
                                               : "no";
  if (!field.flag.empty()) out["flag"] = field.flag;
  if (field.repeated) out["list"] = true;
  for (const ValueRow& value : field.values) {
    if (!value.hidden) out["values"].push_back(value.word);
  }
  return out;
}

}  // namespace

OrderedJson kinds_json(const KindTable& kinds) {
  OrderedJson out;
  out["schema"] = 1;
  out["items"] = OrderedJson::array();
  for (const KindRow& kind : kinds.kinds()) {
    OrderedJson row;
    row["kind"] = kind.noun;
    row["letter"] = std::string(1, kind.letter);
    row["written_by"] = kind.writer == Writer::kOwner ? "owner" : "either";
    row["audience"] = audience_word(kind.audience);
    row["begins"] = kind.add_verb;
    row["ends"] = kind.end_verb;
    row["fields"] = OrderedJson::array();
    for (const FieldRow& field : kind.fields) row["fields"].push_back(field_json(field));
    out["items"].push_back(std::move(row));
  }
  return out;
}

}  // namespace attune::client
