#include "pkcs11/profile_object.h"

#include <algorithm>

#include "pkcs11/unique_id.h"

namespace kilt::p11 {
namespace {

bool usable(const Key& key) {
  return key.has_private && key.usage.sign && key.unusable_reason.empty();
}

/// Profiles v3.2, "Authentication Token": a key to sign with, after a login.
bool is_authentication_token(const ObjectList& objects, const Capabilities& capabilities) {
  return !capabilities.sign.empty() && std::ranges::any_of(objects.keys, usable);
}

/// Profiles v3.2, "Public Certificates Token": every certificate is readable without login, has the
/// CKA_ID of its private key, and leads to a public key that is visible without login. A user's
/// certificate without such a key may be one whose id was set wrongly: the profile is not claimed.
bool is_certificates_token(const ObjectList& objects) {
  const auto fits = [&](const Certificate& certificate) {
    if (certificate.is_private) return false;
    if (certificate.authority) return true;
    return std::ranges::any_of(objects.keys, [&](const Key& key) {
      return key.has_public && key.has_private && key.id == certificate.id;
    });
  };
  return !objects.certificates.empty() && std::ranges::all_of(objects.certificates, fits);
}

}  // namespace

AttributeValue ProfileObject::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(CKO_PROFILE);
    case CKA_PROFILE_ID:
      return AttributeValue::of_ulong(profile_);
    case CKA_TOKEN:
      return AttributeValue::of_bool(true);
    case CKA_PRIVATE:
    case CKA_MODIFIABLE:
    case CKA_COPYABLE:
    case CKA_DESTROYABLE:
      return AttributeValue::of_bool(false);
    case CKA_LABEL:
      return AttributeValue::of({});
    case CKA_UNIQUE_ID:
      return unique_id(loader, CKO_PROFILE, Bytes{static_cast<Byte>(profile_)}, {});
    default:
      return AttributeValue::invalid();
  }
}

std::vector<CK_PROFILE_ID> profiles_of(const ObjectList& objects,
                                       const Capabilities& capabilities) {
  std::vector<CK_PROFILE_ID> profiles{CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER};
  if (is_authentication_token(objects, capabilities)) profiles.push_back(CKP_AUTHENTICATION_TOKEN);
  if (is_certificates_token(objects)) profiles.push_back(CKP_PUBLIC_CERTIFICATES_TOKEN);
  return profiles;
}

}  // namespace kilt::p11
