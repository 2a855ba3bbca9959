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
};

}  // namespace kilt::apdu
