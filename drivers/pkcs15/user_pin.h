// Which of a directory's PINs the user's is, and whether it can be presented.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "drivers/pkcs15/entries.h"

namespace kilt::pkcs15 {

struct UserPin {
  const PinEntry* entry = nullptr;  ///< nullptr: the directory has none
  std::string label;                ///< its name, where there are several; else empty
};

/// Empty if the PIN's form (pinType) is one of `types`, else why it is not presented.
[[nodiscard]] std::string why_not_understood(const PinEntry& pin,
                                             std::initializer_list<unsigned> types);

/// The first user PIN whose form is one of `types`, else the first. `pins` must live as long as the
/// answer.
[[nodiscard]] UserPin choose_user_pin(const std::vector<PinEntry>& pins,
                                      std::initializer_list<unsigned> types);

}  // namespace kilt::pkcs15
