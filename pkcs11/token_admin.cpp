// Initialising a token and its PINs: C_InitToken, C_InitPIN, C_SetPIN (PKCS#11 v2.40 base, 5.5).
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/pin.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

constexpr std::size_t kLabelSize = 32;

/// A factory PIN is not set as a new one unless the configuration allows it (decision 10).
void refuse_factory_pin(const Slot& slot, PinRole role, const SecureBytes& pin) {
  const Profile* profile = slot.profile();
  if (profile == nullptr || slot.environment().config.allow_default_pin) return;
  if (profile->is_factory_pin(role, pin.view()))
    throw Refusal(CKR_PIN_INVALID, "the new PIN is a factory PIN, known to everybody");
}

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
    request.so_pin = read_pin(pin, pin_len);
    request.erase_without_so_pin = slot->environment().config.erase_without_so_pin;
    refuse_if(slot->sessions() != 0, CKR_SESSION_EXISTS);
    slot->with_token(Repeat::kNever, [&](Token& token) {
      token.capabilities().require(Function::kInitToken);
      token.format(request);
    });
    slot->token_formatted();
  });
}

CK_RV C_InitPIN(CK_SESSION_HANDLE session_handle, CK_UTF8CHAR* pin, CK_ULONG pin_len) {
  return session_entry(__func__, session_handle, [&](Session& session) {
    Slot& slot = session.slot();
    refuse_if(slot.login() != PinRole::kSo, CKR_USER_NOT_LOGGED_IN);
    const SecureBytes new_pin = read_pin(pin, pin_len);
    slot.with_token(Repeat::kNever, [&](Token& token) {
      refuse_factory_pin(slot, PinRole::kUser, new_pin);
      token.init_user_pin(new_pin);
    });
    slot.pin_changed(PinRole::kUser, new_pin);
  });
}

CK_RV C_SetPIN(CK_SESSION_HANDLE session_handle, CK_UTF8CHAR* old_pin, CK_ULONG old_len,
               CK_UTF8CHAR* new_pin, CK_ULONG new_len) {
  return session_entry(__func__, session_handle, [&](Session& session) {
    Slot& slot = session.slot();
    refuse_if(!session.read_write(), CKR_SESSION_READ_ONLY);
    const PinRole role = slot.login().value_or(PinRole::kUser);
    if (pin_at_reader(old_pin, old_len) && pin_at_reader(new_pin, new_len))
      return slot.change_pin_at_pad(role);
    const SecureBytes before = read_pin(old_pin, old_len);
    const SecureBytes after = read_pin(new_pin, new_len);
    refuse_factory_pin(slot, role, after);
    slot.change_pin(role, before, after);
  });
}
