// Session objects: they belong to the application, are seen from all of its sessions with the
// token, and go with the session that made them, private ones with the login too (PKCS#11 v3.2,
// 4.4 and 5.6.3). Guarded by the slot's mutex.
#pragma once

#include <map>
#include <memory>

#include "pkcs11/session_object.h"

namespace kilt::p11 {

using SessionObjectPtr = std::shared_ptr<SessionObject>;

/// The session objects of one slot.
class SessionObjects {
 public:
  /// Throws Refusal(CKR_HOST_MEMORY) when there are more than any application needs.
  void add(Handle handle, CK_SESSION_HANDLE maker, SessionObjectPtr object);
  /// nullptr if there is none.
  [[nodiscard]] SessionObjectPtr find(Handle handle) const;
  /// False if there was none.
  bool erase(Handle handle);
  [[nodiscard]] std::vector<std::pair<Handle, SessionObjectPtr>> all() const;

  void session_ends(CK_SESSION_HANDLE session) noexcept;
  /// Private objects go, whoever made them.
  void login_ends() noexcept;
  void clear() noexcept { objects_.clear(); }

 private:
  struct Entry {
    CK_SESSION_HANDLE maker;
    SessionObjectPtr object;
  };
  std::map<Handle, Entry> objects_;
};

}  // namespace kilt::p11
