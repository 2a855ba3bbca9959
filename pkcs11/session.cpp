#include "pkcs11/session.h"

namespace kilt::p11 {

void Session::close() noexcept {
  if (alive()) slot_->session_closed(read_write_);
  closed_ = true;
  end_operations();
  slot_->session_objects().session_ends(handle_);
}

void Session::end_operations() noexcept {
  find.reset();
  digest.reset();
  sign.reset();
  verify.reset();
  encrypt.reset();
  decrypt.reset();
}

void Session::end_private_operations() noexcept {
  sign.reset();
  decrypt.reset();
  find.reset();
  const auto uses_private = [](const auto& operation) {
    return operation && operation->secret && operation->secret->is_private();
  };
  if (uses_private(verify)) verify.reset();
  if (uses_private(encrypt)) encrypt.reset();
}

CK_STATE Session::state() const noexcept {
  if (slot_->login() == PinRole::kSo) return CKS_RW_SO_FUNCTIONS;
  if (slot_->login() == PinRole::kUser)
    return read_write_ ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
  return read_write_ ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

ObjectPtr Session::object(Handle handle, CK_RV error) {
  if (auto own = slot_->session_objects().find(handle)) {
    refuse_if(!slot_->objects().visible(*own), error);
    return own;
  }
  const auto& objects = slot_->objects().known();
  const auto found = objects.find(handle);
  refuse_if(found == objects.end() || !slot_->objects().visible(*found->second), error);
  return found->second;
}

std::vector<std::pair<Handle, ObjectPtr>> Session::all_objects() {
  std::vector<std::pair<Handle, ObjectPtr>> all;
  for (const auto& [handle, object] : slot_->objects().all())
    if (slot_->objects().visible(*object)) all.emplace_back(handle, object);
  for (const auto& [handle, object] : slot_->session_objects().all())
    if (slot_->objects().visible(*object)) all.emplace_back(handle, object);
  return all;
}

}  // namespace kilt::p11
