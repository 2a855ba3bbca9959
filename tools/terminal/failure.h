// How a command ends that could not do what it was asked: a kind, which is the exit code, a
// sentence for the user, and what to do next.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace kilt::tool {

/// Exit codes (documented in kilt(1)).
enum class Kind : int {
  kFinding = 1,     ///< done, and something needs attention: expiry, a fault found, a bad signature
  kUsage = 2,       ///< wrong arguments
  kNotFound = 3,    ///< no such token or object, or several that fit
  kWrongPin = 4,    ///< the token refused the PIN; a try is spent
  kPinBlocked = 5,  ///< blocked, or the last try was not allowed
  kRefused = 6,     ///< the tool refuses: weak PIN, the only valid pair, no confirmation
  kUnsupported = 7,  ///< the token or the module cannot do it
  kBadInput = 8,     ///< a file or value that is damaged or does not fit
  kModule = 9,       ///< no module, no PC/SC service, or the module breaks the standard
  kToken = 10,       ///< the token failed: removed, full, error
  kInternal = 11,    ///< a mistake in kilt
  kUnchecked = 12,   ///< the signature fits, but who signed was not checked
  kInterrupted = 130,
};

/// The name of a kind in JSON.
const char* kind_name(Kind kind) noexcept;

class Failure : public std::runtime_error {
 public:
  Failure(Kind kind, const std::string& message, std::string advice = {})
      : std::runtime_error(message), kind_(kind), advice_(std::move(advice)) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// What the user can do next; may be empty.
  [[nodiscard]] const std::string& advice() const noexcept { return advice_; }

 private:
  Kind kind_;
  std::string advice_;
};

/// The command did its work and printed its result; the exit code says that something needs
/// attention.
class Finding {
 public:
  explicit Finding(Kind kind = Kind::kFinding) : kind_(kind) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

}  // namespace kilt::tool
