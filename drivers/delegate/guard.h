// Who calls from inside a foreign module's start.
#pragma once

namespace kilt::delegate {

/// A thread of ours is inside a foreign module: whoever calls Kilt from there is that module, or
/// what it loaded (a proxy with Kilt behind it), and must be refused.
[[nodiscard]] bool inside_foreign_module() noexcept;

}  // namespace kilt::delegate
