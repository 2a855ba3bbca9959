// operator new of this program, which can be told to fail once.
#pragma once

#include <cstddef>

namespace kilt::test {

/// The n-th allocation of this thread from now on (1: the next) throws std::bad_alloc; 0: none.
void fail_allocation(std::size_t n) noexcept;
/// The allocation has failed since the last fail_allocation().
[[nodiscard]] bool allocation_failed() noexcept;

}  // namespace kilt::test
