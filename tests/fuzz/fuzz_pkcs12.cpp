// PKCS#12 files, private keys and GOST's SubjectPublicKeyInfo: any bytes. The first byte chooses
// which; what opens must be writable and open again.
#include <cstddef>
#include <cstdint>

#include "drivers/crypto/gost.h"
#include "drivers/crypto/gost_key.h"
#include "drivers/crypto/pkcs12.h"
#include "drivers/crypto/spki.h"

namespace {

using namespace kilt;  // NOLINT(google-build-using-namespace): the program is about it

void use(const crypto::HostKey& key) {
  static_cast<void>(crypto::public_key_info(key.public_key()));
  static_cast<void>(crypto::read_private_key(key.private_key_info().view()));
}

void container(BytesView input) {
  const crypto::Password password(to_bytes("x"));
  const crypto::Pkcs12 file = crypto::Pkcs12::open(input, crypto::Password(to_bytes("x")));
  for (const crypto::Pkcs12Bag& bag : file.bags())
    if (bag.key) use(*bag.key);
  const crypto::Pkcs12 again =
      crypto::Pkcs12::open(file.write(password), crypto::Password(to_bytes("x")));
  if (again.bags().size() != file.bags().size()) __builtin_trap();
}

void public_key(BytesView input) {
  const PublicKey key = crypto::read_gost_public_key(input);
  const auto* gost = std::get_if<GostPublicKey>(&key);
  if (gost == nullptr) return;
  static_cast<void>(crypto::gost_is_on_curve(*gost));
  const std::size_t size = gost->point.size() / 2;
  static_cast<void>(crypto::gost_verify(*gost, Bytes(size, 0x5A), gost->point));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input(data + 1, size - 1);
  try {
    switch (data[0] % 3) {
      case 0:
        container(input);
        break;
      case 1:
        use(*crypto::read_private_key(input));
        break;
      default:
        public_key(input);
    }
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
