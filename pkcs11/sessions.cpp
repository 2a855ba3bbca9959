// Session management (PKCS#11 v3.2, 5.6).
#include "drivers/crypto/openssl.h"
#include "pkcs11/entry.h"
#include "pkcs11/log.h"
#include "pkcs11/pin.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// With the slot's mutex held. The last session that closes takes the login with it, on the card
/// too (hardening point 36).
void close_session(Module& module, Session& session) {
  const std::shared_ptr<Slot> slot = session.slot_ptr();
  session.close();
  module.forget_session(session.handle());
  if (slot->sessions() != 0 || !slot->pins().open()) return;
  try {
    slot->log_out();
  } catch (const Error& error) {
    log_line(std::string("logout with the last session failed: ") + error.what());
  }
}

bool has_read_only_session(Module& module, const Slot& slot) {
  for (const auto& session : module.sessions_of(slot))
    if (session->alive() && !session->read_write()) return true;
  return false;
}

/// The operation a context-specific login is for: it has a key that wants a PIN for every use.
bool* context_login_flag(Session& session) {
  const auto flag_of = [](auto& operation) -> bool* {
    if (!operation || !operation->key || !operation->key->key().always_authenticate) return nullptr;
    return &operation->context_login;
  };
  bool* const flag = flag_of(session.sign);
  if (flag != nullptr) return flag;
  return flag_of(session.decrypt);
}

void log_in(Module& module, Session& session, CK_USER_TYPE user, const PinInput& pin) {
  Slot& slot = session.slot();
  if (user == CKU_CONTEXT_SPECIFIC) {
    bool* flag = context_login_flag(session);
    refuse_if(flag == nullptr, CKR_OPERATION_NOT_INITIALIZED);
    slot.verify_pin(PinRole::kUser, pin);
    *flag = true;
    return;
  }
  refuse_if(user != CKU_USER && user != CKU_SO, CKR_USER_TYPE_INVALID);
  const PinRole role = user == CKU_SO ? PinRole::kSo : PinRole::kUser;
  refuse_if(slot.login() == role && !slot.pins().doubtful(), CKR_USER_ALREADY_LOGGED_IN);
  refuse_if(slot.login().has_value() && slot.login() != role, CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
  refuse_if(role == PinRole::kSo && has_read_only_session(module, slot),
            CKR_SESSION_READ_ONLY_EXISTS);
  slot.log_in(role, pin);
}

template <typename Check = void (*)()>
CK_RV login_entry(
    const char* name, CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR* pin,
    CK_ULONG pin_len, Check check = [] {}) {
  return entry(name, [&](Module& module) {
    const std::shared_ptr<Session> session = module.session(handle);
    const std::lock_guard lock(session->slot().mutex());
    refuse_if(!session->alive(), CKR_SESSION_HANDLE_INVALID);
    check();
    noting_refusals(session->slot(), [&] {
      try {
        log_in(module, *session, user, read_pin(pin, pin_len));
      } catch (const PinLength& error) {
        // CKR_PIN_LEN_RANGE is for functions that set a PIN (PKCS#11 v3.2, 5.1.6); NSS asks for the
        // PIN again after this code only.
        throw Refusal(CKR_PIN_INCORRECT, error.what());
      } catch (const PinEntryFailed& error) {
        if (error.why() != PinEntryFailed::Why::kLength) throw;
        throw Refusal(CKR_PIN_INCORRECT, error.what());
      }
    });
  });
}

}  // namespace

CK_RV C_OpenSession(CK_SLOT_ID slot_id, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                    CK_SESSION_HANDLE* session) {
  static_cast<void>(application);  // no notification is ever sent
  static_cast<void>(notify);
  return entry(__func__, [&](Module& module) {
    crypto::warm_up();  // before any lock: OpenSSL may load engines, one of which may load us
    const std::shared_ptr<Slot> slot = module.slot(slot_id);
    const std::lock_guard lock(slot->mutex());
    need_pointer(session);
    refuse_if((flags & CKF_SERIAL_SESSION) == 0, CKR_SESSION_PARALLEL_NOT_SUPPORTED);
    refuse_if((flags & CKF_ASYNC_SESSION) != 0, CKR_SESSION_ASYNC_NOT_SUPPORTED);
    const bool read_write = (flags & CKF_RW_SESSION) != 0;
    slot->refresh();
    slot->bind();
    if (slot->sessions() == 0) slot->close_card();  // where the last session's logout failed
    refuse_if(!read_write && slot->login() == PinRole::kSo, CKR_SESSION_READ_WRITE_SO_EXISTS);
    *session = module.open_session(slot, read_write)->handle();
  });
}

CK_RV C_CloseSession(CK_SESSION_HANDLE handle) {
  return entry(__func__, [&](Module& module) {
    const std::shared_ptr<Session> session = module.session(handle);
    const std::lock_guard lock(session->slot().mutex());
    const bool alive = session->alive();
    close_session(module, *session);
    refuse_if(!alive, CKR_SESSION_HANDLE_INVALID);
  });
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot_id) {
  return slot_entry(__func__, slot_id, [&](Module& module, const std::shared_ptr<Slot>& slot) {
    for (const auto& session : module.sessions_of(*slot)) close_session(module, *session);
  });
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE handle, CK_SESSION_INFO* info) {
  return session_entry(__func__, handle, [&](Session& session) {
    need_pointer(info);
    // No refresh(): NSS asks this just before it uses a key. Told here that the token was away, it
    // logs in again but keeps the old card's handles until the program ends (Chromium 156); by
    // the C_OpenSession or C_GetSlotInfo that follows, it reads everything anew.
    *info = {};
    info->slotID = session.slot().id();
    info->state = session.state();
    info->flags = CKF_SERIAL_SESSION | (session.read_write() ? CKF_RW_SESSION : 0UL);
  });
}

CK_RV C_Login(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG pin_len) {
  return login_entry(__func__, handle, user, pin, pin_len);
}

CK_RV C_LoginUser(CK_SESSION_HANDLE handle, CK_USER_TYPE user, CK_UTF8CHAR* pin, CK_ULONG pin_len,
                  CK_UTF8CHAR* user_name, CK_ULONG user_name_len) {
  return login_entry(__func__, handle, user, pin, pin_len, [&] {
    // The tokens know one user and no name: a name that was given belongs to no user, and no PIN
    // try is spent on it.
    refuse_if(!input_bytes(user_name, user_name_len).empty(), CKR_ARGUMENTS_BAD);
  });
}

CK_RV C_Logout(CK_SESSION_HANDLE handle) {
  return entry(__func__, [&](Module& module) {
    const std::shared_ptr<Session> session = module.session(handle);
    const std::lock_guard lock(session->slot().mutex());
    refuse_if(!session->alive(), CKR_SESSION_HANDLE_INVALID);
    refuse_if(!session->slot().login(), CKR_USER_NOT_LOGGED_IN);
    // Operations with private keys end here (PKCS#11 v2.40 base, 5.6.8).
    for (const auto& other : module.sessions_of(session->slot())) other->end_private_operations();
    session->slot().log_out();
  });
}

// Every operation here lives in the session alone: none can refuse its end.
CK_RV C_SessionCancel(CK_SESSION_HANDLE handle, CK_FLAGS flags) {
  return session_entry(__func__, handle, [&](Session& session) {
    const auto cancel = [&](CK_FLAGS flag, auto& operation) {
      if ((flags & flag) != 0) operation.reset();
    };
    cancel(CKF_FIND_OBJECTS, session.find);
    cancel(CKF_ENCRYPT, session.encrypt);
    cancel(CKF_DECRYPT, session.decrypt);
    cancel(CKF_DIGEST, session.digest);
    cancel(CKF_SIGN, session.sign);
    cancel(CKF_VERIFY, session.verify);
  });
}
