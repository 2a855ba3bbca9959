// Tests in child processes: a module that crashes spoils one test, not the rest.
#pragma once

#include "tests/conformance/deviations.h"

namespace kilt::conformance {

/// Takes GoogleTest's own printer away.
void without_printer();
/// Every test of the program, judged. Throws std::runtime_error if no child can be made.
void run_all_in_children(bool quiet, Judge& judge);

}  // namespace kilt::conformance
