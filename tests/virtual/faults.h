// Faults on request: what a token, its reader or its owner may do to a program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/virtual/card.h"

namespace kilt::vtoken {

class Faults {
 public:
  /// Adds a fault, see help(). Throws std::invalid_argument.
  void add(const std::string& spec);
  void clear();
  [[nodiscard]] static const char* help();

  /// Before the card sees the command: an answer instead of the card's.
  std::optional<Bytes> before(const Bytes& command);
  /// The token is pulled out at this command.
  [[nodiscard]] bool removes_now() const noexcept { return removes_now_; }
  /// What becomes of the card's answer.
  Bytes after(Bytes answer);

 private:
  struct StatusFault {
    unsigned ins, sw;
    unsigned long countdown;  ///< 0: always
    bool spent;
  };
  std::vector<StatusFault> status_;
  unsigned long delay_ms_ = 0;
  unsigned long short_at_ = 0, garbage_at_ = 0, drop_at_ = 0;  ///< countdowns, 0: off
  bool short_now_ = false, garbage_now_ = false, removes_now_ = false;
};

}  // namespace kilt::vtoken
