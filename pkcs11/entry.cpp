#include "pkcs11/entry.h"

#include <fmt/format.h>

#include "apdu/trace.h"

namespace kilt::p11 {

void trace_call(const char* name, CK_RV rv, const std::string& why,
                std::chrono::steady_clock::time_point start) noexcept {
  if (!apdu::trace_enabled()) return;
  try {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    apdu::trace_line(fmt::format("call {} -> 0x{:X} {}us{}{}", name, rv, time.count(),
                                 why.empty() ? "" : " ", why));
  } catch (const std::exception&) {
    return;  // a trace never fails its caller
  }
}

}  // namespace kilt::p11
