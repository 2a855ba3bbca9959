#include "drivers/crypto/random.h"

#include <openssl/rand.h>

#include "apdu/errors.h"
#include "drivers/crypto/openssl.h"

namespace kilt::crypto {

Bytes random_bytes(std::size_t size) {
  Bytes bytes(size);
  if (size != 0 && RAND_bytes_ex(library(), bytes.data(), size, 0) != 1)
    throw Error("no random numbers available");
  return bytes;
}

SecureBytes random_secret(std::size_t size) {
  Bytes bytes(size);
  if (size != 0 && RAND_priv_bytes_ex(library(), bytes.data(), size, 0) != 1)
    throw Error("no random numbers available");
  return SecureBytes(std::move(bytes));
}

}  // namespace kilt::crypto
