// Key agreement: ECDH by the token, its result a secret that lives in the session (PKCS#11 v3.2,
// 5.18.5; CKM_ECDH1_DERIVE, 6.3.19).
#include <algorithm>
#include <cstring>

#include "drivers/crypto/ec.h"
#include "pkcs11/entry.h"
#include "pkcs11/key_use.h"
#include "pkcs11/new_session_object.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

constexpr Byte kUncompressed = 0x04;
constexpr CK_ULONG kMaxPoint = 256;  // bytes: larger than any curve's, DER around it included

/// The other side's point: uncompressed, bare or in an OCTET STRING, both of which the standard
/// lets an application give; on the key's own curve, for a card may compute with any and betray its
/// key.
Bytes other_point(const CK_MECHANISM& mechanism, const EcPublicKey& own) {
  CK_ECDH1_DERIVE_PARAMS given;
  refuse_if(mechanism.pParameter == nullptr || mechanism.ulParameterLen != sizeof given,
            CKR_MECHANISM_PARAM_INVALID);
  std::memcpy(&given, mechanism.pParameter, sizeof given);
  refuse_if(given.kdf != CKD_NULL || given.ulSharedDataLen != 0, CKR_MECHANISM_PARAM_INVALID);
  refuse_if(given.pPublicData == nullptr || given.ulPublicDataLen > kMaxPoint,
            CKR_MECHANISM_PARAM_INVALID);
  BytesView point(given.pPublicData, given.ulPublicDataLen);
  if (point.size() == own.point.size() + 2 && point[0] == kUncompressed &&
      point[1] == own.point.size())
    point = point.subspan(2);
  else if (point.size() == own.point.size() + 3 && point[0] == kUncompressed && point[1] == 0x81 &&
           point[2] == own.point.size())
    point = point.subspan(3);
  refuse_if(point.size() != own.point.size() || point[0] != kUncompressed,
            CKR_MECHANISM_PARAM_INVALID);
  EcPublicKey other = own;
  other.point = to_bytes(point);
  refuse_if(!crypto::is_on_curve(other), CKR_MECHANISM_PARAM_INVALID);
  return other.point;
}

/// How much of the secret is wanted: what the template says, else what there is. Throws Refusal for
/// a template that is no secret's.
std::size_t wanted_size(const Template& wanted, std::size_t available) {
  refuse_if(wanted.has(CKA_VALUE) || wanted.has(CKA_UNIQUE_ID), CKR_TEMPLATE_INCONSISTENT);
  if (wanted.flag(CKA_TOKEN).value_or(false))
    throw Refusal(CKR_TEMPLATE_INCONSISTENT, "the token keeps no secret keys: CKA_TOKEN is false");
  const std::size_t size = secret_size(wanted).value_or(available);
  refuse_if(size > available, CKR_KEY_SIZE_RANGE);
  return size;
}

}  // namespace

CK_RV C_DeriveKey(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE base_key,
                  CK_ATTRIBUTE* attributes, CK_ULONG count, CK_OBJECT_HANDLE* derived) {
  return session_entry(__func__, handle, [&](Session& session) {
    const Mechanism checked = key_mechanism(session, mechanism, CKF_DERIVE, base_key);
    const auto key = private_key(session, base_key, checked, &KeyUsage::derive);
    need_pointer(derived);
    const Template wanted(attributes, count);
    if (key->key().always_authenticate)
      throw NotSupported(
          "a key that wants the PIN for each use derives nothing: no call of "
          "PKCS#11 asks for it there");
    const auto* own = std::get_if<EcPublicKey>(&key->public_key(session.slot().objects()));
    if (own == nullptr || own->point.empty())
      throw NotSupported("the token does not tell the key's curve");
    const Bytes point = other_point(*mechanism, *own);
    const std::size_t field = own->point.size() / 2;
    const std::size_t size = wanted_size(wanted, field);
    const SecureBytes secret = session.slot().use_key(
        *key, Look::kBefore,
        [&](Token& token, const Key& stored) { return token.derive(stored, point); });
    if (secret.size() != field) throw MalformedAnswer("the secret has a wrong length");
    // What is too much goes at the leading end (6.3.19).
    *derived =
        keep_secret(session, wanted, SecretOrigin::kFromKey, SecureBytes(secret.view().last(size)));
  });
}
