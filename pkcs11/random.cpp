// Random numbers from the token (PKCS#11 v2.40 base, 5.16).
#include <algorithm>

#include "pkcs11/entry.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

constexpr CK_ULONG kMaxPiece = 4096;  // bytes per transaction, so that others get their turn

}  // namespace

CK_RV C_SeedRandom(CK_SESSION_HANDLE handle, CK_BYTE* seed, CK_ULONG seed_len) {
  return session_entry(__func__, handle, [&](Session&) {
    static_cast<void>(input_bytes(seed, seed_len));
    throw Refusal(CKR_RANDOM_SEED_NOT_SUPPORTED);
  });
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE handle, CK_BYTE* random_data, CK_ULONG random_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    need_pointer(random_data);
    static_cast<void>(input_bytes(random_data, random_len));
    const auto& functions = session.slot().capabilities().functions;
    const auto random = functions.find(Function::kRandom);
    if (random == functions.end() || random->second.availability == Availability::kUnavailable)
      throw Refusal(CKR_RANDOM_NO_RNG, random == functions.end() ? "" : random->second.reason);
    for (CK_ULONG done = 0; done < random_len;) {
      const CK_ULONG piece = std::min(kMaxPiece, random_len - done);
      const Bytes bytes = session.slot().with_token(
          Repeat::kOnce, [&](Token& token) { return token.random(piece); });
      if (bytes.size() != piece) throw MalformedAnswer("the token gave too few random bytes");
      std::ranges::copy(bytes, random_data + done);
      done += piece;
    }
  });
}
