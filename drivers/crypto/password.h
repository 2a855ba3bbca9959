// A password as files under a password want it.
#pragma once

#include "apdu/bytes.h"

namespace kilt::crypto {

/// A password in the two forms that files want.
class Password {
 public:
  /// UTF-8 as the user typed it; bytes that are no UTF-8 are taken one by one (ISO 8859-1).
  explicit Password(BytesView utf8);
  [[nodiscard]] const SecureBytes& utf8() const noexcept { return utf8_; }
  /// BMPString with two zero bytes at the end. An empty password is two zero bytes, or, by the
  /// other convention, nothing.
  [[nodiscard]] BytesView bmp() const noexcept { return zero_length_ ? BytesView{} : bmp_.view(); }
  [[nodiscard]] bool empty() const noexcept { return utf8_.empty(); }
  /// Chooses the other convention for an empty password.
  void use_zero_length() noexcept { zero_length_ = true; }

 private:
  SecureBytes utf8_, bmp_;
  bool zero_length_ = false;
};

}  // namespace kilt::crypto
