// A PIN on its way from the application to the card: typed into a program, or to be typed on the
// reader's own keys, where no program sees it.
#pragma once

#include <optional>

#include "apdu/bytes.h"
#include "drivers/errors.h"

namespace kilt {

class PinInput {
 public:
  /// A PIN that was typed. Throws PinLength for an empty one: this is the one place that keeps it
  /// from every token.
  // NOLINTNEXTLINE(google-explicit-constructor): a secret that stands for a PIN is a typed PIN
  PinInput(SecureBytes pin) : pin_(std::move(pin)) {
    if (pin_->empty()) throw PinLength("an empty PIN is never sent to the token");
  }
  /// A PIN that the reader shall ask for.
  [[nodiscard]] static PinInput at_reader() { return {}; }

  [[nodiscard]] bool is_at_reader() const noexcept { return !pin_; }
  /// The PIN. Throws NotSupported if it shall be typed at the reader: then the token has no command
  /// that a reader could put it into.
  [[nodiscard]] const SecureBytes& typed() const {
    if (!pin_)
      throw NotSupported(
          "this token does not take this PIN in a form that a reader makes: it cannot be typed at "
          "the reader");
    return *pin_;
  }

 private:
  PinInput() = default;
  std::optional<SecureBytes> pin_;
};

}  // namespace kilt
