#include "apdu/patience.h"

#include <atomic>

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;

std::atomic<std::chrono::milliseconds> current{30s};

}  // namespace

std::chrono::milliseconds patience() noexcept { return current; }

void set_patience(std::chrono::milliseconds patience) noexcept { current = patience; }

}  // namespace kilt::apdu
