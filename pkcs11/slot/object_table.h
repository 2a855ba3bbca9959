// The objects of a slot: handles that stay while the object stays, values read when asked for.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkcs11/object.h"
#include "pkcs11/slot/login_state.h"
#include "pkcs11/slot/reader_slot.h"
#include "pkcs11/status_object.h"

namespace kilt::p11 {

/// Are the objects listed before one is used? Not where the result shows whether it was
/// the right one.
enum class Look { kNone, kBefore };

class ObjectTable : public Loader {
 public:
  /// `slot` and `login` live longer.
  ObjectTable(ReaderSlot& slot, LoginState& login) : slot_(&slot), login_(&login) {}

  /// Token objects visible in the present login state, by handle; read again if need be. Throws as
  /// ReaderSlot::with_token().
  const std::map<Handle, ObjectPtr>& all();
  /// Objects known without asking the token.
  [[nodiscard]] const std::map<Handle, ObjectPtr>& known() const noexcept { return objects_; }
  /// The object may be seen in the present login state.
  [[nodiscard]] bool visible(const Object& object) const noexcept {
    return !object.is_private() || login_->role() == PinRole::kUser;
  }
  /// More may be seen than before: list again next time.
  void changed() noexcept { list_generation_.reset(); }
  /// Calls work(Token&, const Object&) with the object as it is on the token now, in one
  /// transaction. Throws ObjectNotFound if the handle's object is no longer there: another one in
  /// its place is not touched. Else as ReaderSlot::with_token().
  template <typename Work>
  auto with_object(const Object& object, Look look, Work work) {
    return slot_->with_token(Repeat::kNever, [&](Token& token) {
      if (look == Look::kBefore) look_at(token, Whose::kUnknown);
      const ObjectPtr now = current(object);
      return work(token, *now);
    });
  }
  /// Throws ObjectNotFound unless the handle's object is still on the token.
  void look_for(const Object& object);
  /// Calls work(Token&), which makes objects, in one transaction with a listing before and after
  /// it: what changes in between is this program's doing.
  template <typename Work>
  auto make_object(Work work) {
    return change_objects(Whose::kOurs, work);
  }
  /// Calls work(Token&, const Object&), which changes or deletes the object, in the same way.
  template <typename Work>
  void change_object(const Object& object, Work work) {
    static_cast<void>(change_objects(Whose::kOursRenamed, [&](Token& token) {
      const ObjectPtr now = current(object);
      work(token, *now);
      return true;
    }));
  }
  /// The handle of a token object by its identity, 0 if not (or not yet) listed.
  [[nodiscard]] Handle handle_of(CK_OBJECT_CLASS object_class, const ObjectRef& ref);
  /// What was seen of objects and PINs a moment ago is asked again at the next use.
  void ask_anew() noexcept;
  /// The token status object; costs no listing.
  std::pair<Handle, ObjectPtr> status_object();
  /// Why the last refused call was refused, for the status object.
  void note_reason(const std::string& reason) { last_reason_ = reason; }

  /// Handles of private objects die with the login (PKCS#11 v2.40 base, 5.6, C_Logout).
  void forget_private() noexcept;
  /// The token was erased: its objects are gone.
  void forget_all() noexcept;
  /// Another token may come: nothing known of this one holds.
  void clear() noexcept;

 private:
  using Identity = std::pair<CK_OBJECT_CLASS, ObjectRef>;

  /// Who may have written to the token since it was listed; kOursRenamed: one object may have
  /// another ref now, none came anew.
  enum class Whose { kUnknown, kOurs, kOursRenamed };
  template <typename Work>
  auto change_objects(Whose whose, Work work) {
    return slot_->with_token(Repeat::kNever, [&](Token& token) {
      look_at(token, Whose::kUnknown);
      changed();
      auto result = work(token);
      look_after_change(token, whose);
      return result;
    });
  }
  void look_at(Token& token, Whose whose);
  void look_after_change(Token& token, Whose whose);
  [[nodiscard]] ObjectPtr current(const Object& object) const;
  [[noreturn]] void throw_gone(bool is_private) const;
  void update(const ObjectList& list, const Capabilities& capabilities, Whose whose);
  [[nodiscard]] bool is_same(Object& before, Object& now);
  template <typename Read>
  auto load(CK_OBJECT_CLASS object_class, const ObjectRef& ref, Read read);
  PublicKey load_public_key(const Key& key) override;
  Bytes load_certificate(const Certificate& certificate) override;
  Bytes load_data(const DataObject& data) override;
  std::optional<x509::Fields> certificate_of(const Bytes& id) override;
  TokenStatus load_status() override;
  [[nodiscard]] const Bytes& token_identity() const noexcept override {
    return slot_->token_identity();
  }

  ReaderSlot* slot_;
  LoginState* login_;
  std::map<Handle, ObjectPtr> objects_;
  std::map<Identity, Handle> handles_;
  std::optional<std::uint64_t> list_generation_;
  std::uint64_t list_changes_ = 0;
  bool updating_ = false;  ///< objects are being listed: what is read now belongs to this listing
  /// The driver has read all that it remembers since then, or since it was bound.
  std::chrono::steady_clock::time_point listed_at_;
  bool ask_anew_ = false;  ///< whenever that was
  std::optional<Handle> status_handle_;
  std::vector<OddObject> odd_;
  std::string last_reason_;
};

}  // namespace kilt::p11
