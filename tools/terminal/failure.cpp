#include "tools/terminal/failure.h"

namespace kilt::tool {

const char* kind_name(Kind kind) noexcept {
  switch (kind) {
    case Kind::kFinding:
      return "finding";
    case Kind::kUsage:
      return "usage";
    case Kind::kNotFound:
      return "not-found";
    case Kind::kWrongPin:
      return "wrong-pin";
    case Kind::kPinBlocked:
      return "pin-blocked";
    case Kind::kRefused:
      return "refused";
    case Kind::kUnsupported:
      return "unsupported";
    case Kind::kBadInput:
      return "bad-input";
    case Kind::kModule:
      return "module";
    case Kind::kToken:
      return "token";
    case Kind::kInternal:
      return "internal";
    case Kind::kUnchecked:
      return "unchecked";
    case Kind::kInterrupted:
      return "interrupted";
  }
  return "internal";
}

}  // namespace kilt::tool
