// The messages to the dialogue, as tools/dialog/README.md describes them.
#pragma once

#include "tools/bridge/consent.h"

namespace kilt::bridge {

Json request_json(const Page& page, const Wish& wish, const std::vector<Storage>& storages,
                  const Origins::Last& last);
Json storages_json(const std::vector<Storage>& storages);
/// One storage again, after it was chosen.
Json keys_json(const Storage& storage, bool needs_pin);
Json refused_json(const std::string& message, const tool::TokenStatus* status);
Json progress_json(std::size_t done, std::size_t count);
Json failed_json(const std::string& message);
Json origin_json(const Page& page);
Json file_json(const Page& page, const std::string& extension);

}  // namespace kilt::bridge
