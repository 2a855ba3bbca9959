// The texts of all kinds.json, compiled in by CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace kilt::vtoken {

[[nodiscard]] std::span<const std::string_view> facts_texts();

}  // namespace kilt::vtoken
