#pragma once

#include "proto/time.h"

namespace attune {

/// Every clock at once: CLOCK_MONOTONIC, CLOCK_BOOTTIME with the kernel's boot id, CLOCK_REALTIME
/// and the local calendar. Called once per wake-up, by the driver alone.
Now read_clock();

/// The calendar part, of any moment: local date, the date that its night belongs to (before 04:00
/// the day before), the next local 04:00.
void fill_calendar(Now& now);

}  // namespace attune
