// Response APDUs as values.
#pragma once

#include <string>

#include "apdu/bytes.h"
#include "apdu/errors.h"
#include "apdu/status_word.h"

namespace kilt::apdu {

/// Data and status word of one answer.
struct [[nodiscard]] Response {
  Bytes data;
  StatusWord sw;

  /// Splits raw bytes. Throws MalformedAnswer if there are fewer than two.
  static Response parse(BytesView raw);

  [[nodiscard]] bool ok() const noexcept { return sw.ok(); }
  /// Returns this answer if it is 9000, else throws CardFault naming `what`.
  const Response& expect_ok(const char* what) const;
};

}  // namespace kilt::apdu
