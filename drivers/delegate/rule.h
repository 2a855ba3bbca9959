// What kilt.toml says about another PKCS#11 module: which tokens, or which operations, it serves.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "drivers/profile/profile.h"

namespace kilt::delegate {

/// One [[delegate]] table.
struct Rule {
  enum class Serve {
    kAll,      ///< the token is the module's alone
    kMissing,  ///< Kilt's own driver first; the module does what that cannot
  };
  std::string module;             ///< absolute path
  std::string reader;             ///< part of the reader's name; empty: any
  std::optional<AtrPattern> atr;  ///< absent: any
  std::string label;              ///< the module's token with this label; empty: any
  Serve serve = Serve::kAll;
  /// A start of the module that takes longer is reported.
  std::chrono::milliseconds patience{10000};
  std::function<void(const std::string&)> log;  ///< takes lines worth keeping; may be empty

  /// The rule is about cards in Kilt's own readers; else the module's tokens are slots themselves.
  [[nodiscard]] bool is_for_readers() const noexcept { return !reader.empty() || atr.has_value(); }
  [[nodiscard]] bool matches(const std::string& reader_name, BytesView card_atr) const noexcept {
    return is_for_readers() && reader_name.find(reader) != std::string::npos &&
           (!atr || atr->matches(card_atr));
  }
};

}  // namespace kilt::delegate
