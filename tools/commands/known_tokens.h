// Which token was in which reader when kilt last looked, kept in $XDG_STATE_HOME/kilt: `--token`
// then asks the one that is meant, and not all that are plugged in.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "tools/client/module.h"

namespace kilt::tool {

class KnownTokens {
 public:
  /// What is known of the readers of this module.
  explicit KnownTokens(std::string module);

  /// What was in the reader; a token without names if that was no token; nullopt: nothing is known.
  [[nodiscard]] std::optional<SlotView::Token> in(const std::string& reader) const;
  /// The slot was looked at just now.
  void note(const SlotView& slot);
  /// Writes what has changed. Where nothing can be kept, nothing is known the next time.
  void keep() noexcept;

 private:
  std::string module_;
  nlohmann::json readers_;  ///< reader -> names
  bool changed_ = false;
};

}  // namespace kilt::tool
