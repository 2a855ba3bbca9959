// Key generation (PKCS#11 v2.40 base, 5.14).
#include "pkcs11/entry.h"
#include "pkcs11/key_template.h"

using namespace kilt;
using namespace kilt::p11;

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism,
                        CK_ATTRIBUTE* public_attributes, CK_ULONG public_count,
                        CK_ATTRIBUTE* private_attributes, CK_ULONG private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  return session_entry(__func__, handle, [&](Session& session) {
    Slot& slot = session.slot();
    const Mechanism checked =
        check_mechanism(mechanism, CKF_GENERATE_KEY_PAIR, slot.capabilities());
    refuse_if(public_key == nullptr || private_key == nullptr, CKR_ARGUMENTS_BAD);
    const KeySpec spec = key_spec(checked, Template(public_attributes, public_count),
                                  Template(private_attributes, private_count));
    refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
    if (!spec.replace.empty() && !slot.capabilities().replaces_keys)
      throw NotSupported("this token makes new keys beside the old ones and replaces none");
    const ObjectRef ref = slot.with_token(Repeat::kNever, [&](Token& token) {
      // Before the token has a chance to complain of something else: it may be full, say.
      if (token.info().login_required && slot.login() != PinRole::kUser) throw NotLoggedIn();
      return token.generate_key(spec);
    });
    slot.objects_changed();
    *public_key = slot.handle_of(CKO_PUBLIC_KEY, ref);
    *private_key = slot.handle_of(CKO_PRIVATE_KEY, ref);
  });
}
