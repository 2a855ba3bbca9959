// Settings of AKEYSIM that make a token one could meet, by name.
#pragma once

#include <span>
#include <utility>
#include <vector>

namespace kilt::vtoken::akey {

struct Variant {
  const char* name;
  std::vector<std::pair<const char*, const char*>> settings;
};

std::span<const Variant> variants();

}  // namespace kilt::vtoken::akey
