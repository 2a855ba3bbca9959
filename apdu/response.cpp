#include "apdu/response.h"

namespace kilt::apdu {

Response Response::parse(BytesView raw) {
  if (raw.size() < 2) throw MalformedAnswer("the token's answer has no status word");
  return {to_bytes(raw.first(raw.size() - 2)),
          StatusWord(raw[raw.size() - 2], raw[raw.size() - 1])};
}

}  // namespace kilt::apdu
