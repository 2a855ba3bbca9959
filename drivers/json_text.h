// JSON without trees, for the module. The destructor of nlohmann's arrays and objects allocates and
// is noexcept: a program short of memory would end in it. Single strings have no such destructor.
#pragma once

#include <string>
#include <string_view>

namespace kilt {

/// The text as a JSON string with its quotes. What is no UTF-8 is replaced (U+FFFD), not refused: a
/// card may put anything into its texts. Throws std::bad_alloc.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace kilt
