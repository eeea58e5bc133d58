#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "attune/v1/control.pb.h"
#include "client/failure.h"
#include "proto/kind_table.h"

namespace attune::client {

using OrderedJson = nlohmann::ordered_json;

/// An item with its kind's fields by their proto names; fields that say nothing are left out.
OrderedJson item_json(const KindTable& kinds, const v1::Item& item);
/// The body of an answer, starting with its schema.
OrderedJson answer_json(const KindTable& kinds, const v1::Answer& answer);
OrderedJson failure_json(const Failure& failure);
OrderedJson kinds_json(const KindTable& kinds);
/// One line. With `ascii`, everything else is escaped, so that a terminal shows no control of
/// anybody.
std::string one_line(const OrderedJson& value, bool ascii);

/// `b-` and 26 characters; hex where the kind is not known.
std::string item_name(const KindTable& kinds, std::uint32_t kind, ByteView id);
/// The word of a kind, or `entry` where it is not known.
std::string noun_of(const KindTable& kinds, std::uint32_t kind);
std::string_view verdict_word(v1::Verdict verdict);
/// Whether what a person says of themselves holds: `said` in the answer to ShowOwn.
bool is_said(const KindTable& kinds, bool present, const v1::Item& item);

}  // namespace attune::client
