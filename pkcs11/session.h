// A session: a handle, a slot, rights, and the operations under way (PKCS#11 v2.40 base, 2.6).
// Guarded by the slot's mutex.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pkcs11/mechanisms.h"
#include "pkcs11/slot.h"

namespace kilt::p11 {

struct FindOperation {
  std::vector<Handle> found;
  std::size_t given = 0;
};

/// A signature or verification under way.
struct SignOperation {
  Mechanism mechanism;
  std::shared_ptr<KeyObject> key;  ///< token key; null if `public_key` came from a session object
  PublicKey public_key;            ///< verification
  std::optional<crypto::Digest> running;
  SessionObjectPtr secret;  ///< of a MAC
  std::optional<crypto::Mac> mac;
  Bytes data;  ///< what was given so far, where the host does not hash
  bool updated = false;
  bool context_login = false;  ///< CKU_CONTEXT_SPECIFIC done for this operation
};

/// An encryption or decryption under way: RSA takes its data as one piece, a cipher as it comes.
struct CryptOperation {
  Mechanism mechanism;
  std::shared_ptr<KeyObject> key;
  PublicKey public_key;
  SessionObjectPtr secret;  ///< of a cipher
  std::optional<crypto::Cipher> cipher;
  Bytes data;
  bool updated = false;
  bool context_login = false;
  std::optional<SecureBytes> result;  ///< waits for a buffer large enough
};

class Session {
 public:
  Session(CK_SESSION_HANDLE handle, std::shared_ptr<Slot> slot, bool read_write)
      : handle_(handle), slot_(std::move(slot)), epoch_(slot_->epoch()), read_write_(read_write) {}

  [[nodiscard]] CK_SESSION_HANDLE handle() const noexcept { return handle_; }
  [[nodiscard]] Slot& slot() noexcept { return *slot_; }
  [[nodiscard]] const std::shared_ptr<Slot>& slot_ptr() const noexcept { return slot_; }
  [[nodiscard]] bool read_write() const noexcept { return read_write_; }
  /// False once closed, or when the card it was opened for is gone.
  [[nodiscard]] bool alive() const noexcept { return !closed_ && epoch_ == slot_->epoch(); }
  void close() noexcept;
  void end_operations() noexcept;
  /// Drops the operations that may use a private key or a private session object: what C_Logout
  /// does to them.
  void end_private_operations() noexcept;
  [[nodiscard]] CK_STATE state() const noexcept;

  /// The object a handle stands for in this session. Throws Refusal(`error`).
  [[nodiscard]] ObjectPtr object(Handle handle, CK_RV error);
  /// All objects this session can see.
  [[nodiscard]] std::vector<std::pair<Handle, ObjectPtr>> all_objects();

  std::optional<FindOperation> find;
  std::optional<DigestOperation> digest;
  std::optional<SignOperation> sign, verify;
  std::optional<CryptOperation> encrypt, decrypt;

 private:
  CK_SESSION_HANDLE handle_;
  std::shared_ptr<Slot> slot_;
  std::uint64_t epoch_;
  bool read_write_;
  bool closed_ = false;
};

}  // namespace kilt::p11
