// HTTP to the services of a CA: time stamps, OCSP, CRLs. By libcurl: http and https only, no
// redirections, bounded in time and size.
#pragma once

#include <string>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// POST; the answer's body. Throws Failure(kBadInput) with the address and the reason: no answer in
/// fifteen seconds, another status than 200, more than 256 KiB.
Bytes http_post(const std::string& url, const std::string& content_type, BytesView request);
/// GET; at most a minute and 64 MiB. Throws as http_post().
Bytes http_get(const std::string& url);

}  // namespace kilt::tool
