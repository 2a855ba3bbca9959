// What the host's own cryptography can refuse. The texts are for people; none ever holds a secret.
#pragma once

#include "apdu/errors.h"

namespace kilt {

/// What cannot be done; the reason is shown to the user.
class NotSupported : public Error {
 public:
  using Error::Error;
};

/// Input that is refused whatever the state: wrong length, value out of range.
class InvalidData : public Error {
 public:
  using Error::Error;
};

/// Things that make no sense together (a certificate for another key, an id in use).
class Inconsistent : public Error {
 public:
  using Error::Error;
};

}  // namespace kilt
