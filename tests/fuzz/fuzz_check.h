// What a fuzz target found to be wrong.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace kilt::fuzz {

/// Ends the program, with a sentence for whoever reads the log, if `holds` does not.
inline void check(bool holds, const char* otherwise) {
  if (holds) return;
  std::fprintf(stderr, "found: %s\n", otherwise);
  std::abort();
}

}  // namespace kilt::fuzz
