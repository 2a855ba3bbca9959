// Initialising a token and its PINs: C_InitToken, C_InitPIN, C_SetPIN (PKCS#11 v2.40 base, 5.5).
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/pin.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

constexpr std::size_t kLabelSize = 32;

std::string read_label(const CK_UTF8CHAR* label) {
  need_pointer(label);
  std::string text = to_text({label, kLabelSize});
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

CK_RV C_InitToken(CK_SLOT_ID slot_id, CK_UTF8CHAR* pin, CK_ULONG pin_len, CK_UTF8CHAR* label) {
  return slot_entry(__func__, slot_id, [&](Module&, const std::shared_ptr<Slot>& slot) {
    slot->refresh();
    FormatRequest request;
    request.label = read_label(label);
    request.so_pin = read_typed_pin(pin, pin_len).typed().clone();
    request.erase_without_so_pin = slot->environment().config.erase_without_so_pin;
    refuse_if(slot->sessions() != 0, CKR_SESSION_EXISTS);
    slot->format(request);
  });
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session_handle, CK_UTF8CHAR* pin, CK_ULONG pin_len) {
  return session_entry(__func__, session_handle, [&](Session& session) {
    Slot& slot = session.slot();
    refuse_if(slot.login() != PinRole::kSo, CKR_USER_NOT_LOGGED_IN);
    slot.set_user_pin(read_typed_pin(pin, pin_len));
  });
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session_handle, CK_UTF8CHAR* old_pin, CK_ULONG old_len,
               CK_UTF8CHAR* new_pin, CK_ULONG new_len) {
  return session_entry(__func__, session_handle, [&](Session& session) {
    Slot& slot = session.slot();
    refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
    const PinRole role = slot.login().value_or(PinRole::kUser);
    const PinInput before = read_pin(old_pin, old_len);
    const PinInput after = read_pin(new_pin, new_len);
    // Half of it at the reader is no command of any card.
    refuse_if(before.is_at_reader() != after.is_at_reader(), CKR_ARGUMENTS_BAD);
    slot.change_pin(role, before, after);
  });
}
