#include "tests/hardening/failing_new.h"

#include <cstdlib>
#include <new>

#include "tests/support/fake_pcsc.h"

namespace kilt::test {
namespace {

thread_local std::size_t countdown = 0;
thread_local bool failed = false;

void* allocate(std::size_t size) {
  if (countdown != 0 && !inside_pcsc() && --countdown == 0) {
    failed = true;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void fail_allocation(std::size_t n) noexcept {
  countdown = n;
  failed = false;
}

bool allocation_failed() noexcept { return failed; }

}  // namespace kilt::test

void* operator new(std::size_t size) { return kilt::test::allocate(size); }
void* operator new[](std::size_t size) { return kilt::test::allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return kilt::test::allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
