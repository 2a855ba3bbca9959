// Errors inside, CK_RV outside: the one table between them (design decision 1).
#pragma once

#include <exception>
#include <string>

#include "apdu/errors.h"
#include "pkcs11/cryptoki.h"

namespace kilt::p11 {

/// A refusal that the standard names: thrown inside, returned at the entry.
class Refusal : public Error {
 public:
  explicit Refusal(CK_RV rv, const std::string& why = {});
  [[nodiscard]] CK_RV rv() const noexcept { return rv_; }
  /// It says why, in words for a user.
  [[nodiscard]] bool explained() const noexcept { return explained_; }

 private:
  CK_RV rv_;
  bool explained_;
};

/// Throws Refusal(rv) if `wrong`.
inline void refuse_if(bool wrong, CK_RV rv) {
  if (wrong) throw Refusal(rv);
}

/// The CK_RV an exception stands for; `why` receives its text.
[[nodiscard]] CK_RV to_rv(const std::exception_ptr& error, std::string& why) noexcept;

}  // namespace kilt::p11
