// Usage: bench-parallel
//
// Five virtual tokens whose signature takes 50 ms each sign at once, and one alone. Prints a row
// of a Markdown table; exit status 1 if five do not reach 4.8 times what one does.
#include <algorithm>
#include <cstdio>
#include <iostream>

#include "tests/bench/bench_module.h"

namespace {

using namespace kilt::bench;  // NOLINT(google-build-using-namespace): its other half
using namespace std::chrono_literals;

constexpr unsigned kTokens = 5, kSignatures = 20;
constexpr double kWanted = 4.8;

/// Signatures per second of `tokens` at once.
double rate(const Kilt& kilt, unsigned tokens) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < tokens; ++i)
    threads.emplace_back([&kilt, i] {
      for (unsigned n = 0; n < kSignatures; ++n) kilt.signer(i).sign();
    });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return tokens * kSignatures / time.count();
}

}  // namespace

int main() {
  try {
    const Kilt kilt(kTokens, 50ms);
    // In turn, the best of three each: what else the machine does shall not decide.
    double one = 0, five = 0;
    for (int round = 0; round < 3; ++round) {
      one = std::max(one, rate(kilt, 1));
      five = std::max(five, rate(kilt, kTokens));
    }
    std::printf(
        "| signatures per second, one token / five at once (50 ms each) | %.1f / %.1f, "
        "%.2f times |\n",
        one, five, five / one);
    return five / one >= kWanted ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "bench-parallel: " << error.what() << '\n';
    return 2;
  }
}
