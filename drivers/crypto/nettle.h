// What differs between the versions of nettle.
#pragma once

#include <nettle/version.h>

#include "apdu/bytes.h"

namespace kilt::crypto {

/// Calls a nettle digest function for the whole of `out`: since nettle 4 it takes no length.
template <typename Context, typename Function>
void nettle_finish(Function function, Context* context, std::span<Byte> out) {
#if NETTLE_VERSION_MAJOR >= 4
  function(context, out.data());
#else
  function(context, out.size(), out.data());
#endif
}

}  // namespace kilt::crypto
