#include "pkcs11/session.h"

namespace kilt::p11 {

void Session::close() noexcept {
  if (alive()) slot_->session_closed(read_write_);
  closed_ = true;
  find.reset();
  digest.reset();
  sign.reset();
  verify.reset();
  encrypt.reset();
  decrypt.reset();
  session_objects_.clear();
}

void Session::end_private_operations() noexcept {
  sign.reset();
  decrypt.reset();
  find.reset();
  std::erase_if(session_objects_, [](const auto& one) { return one.second->is_private(); });
}

CK_STATE Session::state() const noexcept {
  if (slot_->login() == PinRole::kSo) return CKS_RW_SO_FUNCTIONS;
  if (slot_->login() == PinRole::kUser)
    return read_write_ ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
  return read_write_ ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

ObjectPtr Session::object(Handle handle, CK_RV error) {
  if (const auto own = session_objects_.find(handle); own != session_objects_.end())
    return own->second;
  const auto& objects = slot_->known_objects();
  const auto found = objects.find(handle);
  refuse_if(found == objects.end() || !slot_->visible(*found->second), error);
  return found->second;
}

std::vector<std::pair<Handle, ObjectPtr>> Session::all_objects() {
  std::vector<std::pair<Handle, ObjectPtr>> all;
  for (const auto& [handle, object] : slot_->objects())
    if (slot_->visible(*object)) all.emplace_back(handle, object);
  for (const auto& [handle, object] : session_objects_) all.emplace_back(handle, object);
  return all;
}

}  // namespace kilt::p11
