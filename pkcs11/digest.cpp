// Message digesting, all on the host (PKCS#11 v2.40 base, 5.10).
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/operation.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// Ends the operation and gives its value.
void give_digest(DigestOperation& operation, CK_BYTE* digest) {
  const Bytes value = operation.running.finish();
  std::ranges::copy(value, digest);
}

}  // namespace

CK_RV C_DigestInit(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism) {
  return session_entry(__func__, handle, [&](Session& session) {
    if (cancelled(session.digest, mechanism)) return;
    const Mechanism checked = check_mechanism(mechanism, CKF_DIGEST, session.slot().capabilities());
    const Hash hash = checked.spec.hash;
    session.digest.emplace(DigestOperation{hash, crypto::Digest(hash)});
  });
}

CK_RV C_Digest(CK_SESSION_HANDLE handle, CK_BYTE* data, CK_ULONG data_len, CK_BYTE* digest,
               CK_ULONG* digest_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.digest);
    refuse_if(operation->updated, CKR_OPERATION_ACTIVE);
    const BytesView input = input_bytes(data, data_len);
    if (!operation.room(crypto::digest_size(operation->hash), digest, digest_len)) return;
    operation->running.update(input);
    give_digest(*operation, digest);
  });
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE handle, CK_BYTE* part, CK_ULONG part_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.digest);
    operation->running.update(input_bytes(part, part_len));
    operation->updated = true;
    operation.keep();
  });
}

CK_RV C_DigestKey(CK_SESSION_HANDLE handle, CK_OBJECT_HANDLE key) {
  return session_entry(__func__, handle, [&](Session& session) {
    refuse_if(!session.digest, CKR_OPERATION_NOT_INITIALIZED);
    static_cast<void>(session.object(key, CKR_KEY_HANDLE_INVALID));
    throw Refusal(CKR_KEY_INDIGESTIBLE);  // only secret keys can be digested; there are none
  });
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE handle, CK_BYTE* digest, CK_ULONG* digest_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    OperationScope operation(session.digest);
    if (!operation.room(crypto::digest_size(operation->hash), digest, digest_len)) return;
    give_digest(*operation, digest);
  });
}
