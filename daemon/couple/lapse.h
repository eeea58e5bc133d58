#pragma once

#include <chrono>

#include "daemon/crdt/op_log.h"
#include "proto/time.h"

namespace attune::couple {

/// The clocks of now as an op of a kind with Life::kTonight keeps them: its day is the reader's
/// night, so that the first 04:00 after it came is when that day is another.
crdt::Kept::Arrival arrival_tonight(const Now& now);

/// Whether what one op says of tonight is said now: it claims the reader's night, it came in this
/// boot, at most kConsentLife ago by both clocks. Any other day reads "not said", so a clock that
/// is wrong by years lengthens nothing. Source: docs/data-model.md, Consent.
bool is_said(const crdt::Kept& kept, const Now& now);

/// Whether an op of a kind with Life::kTonight has to leave this device: the night in which it came
/// is over, kConsentLife has passed since, or the machine was started anew.
bool is_over(const crdt::Kept::Arrival& arrival, const Now& now);

/// How long until is_over() is true without a jump of a clock; zero where it is.
std::chrono::seconds until_over(const crdt::Kept::Arrival& arrival, const Now& now);

}  // namespace attune::couple
