// Under which sanitizer a test runs: g++ and clang say it in different words.
#pragma once

namespace kilt::test {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILT_ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer)
#define KILT_THREAD_SANITIZER
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(KILT_ADDRESS_SANITIZER)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__) || defined(KILT_THREAD_SANITIZER)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

}  // namespace kilt::test
