// The objects of a slot: handles that stay while the object stays, values read when asked for.
#include "pkcs11/profile_object.h"
#include "pkcs11/slot.h"

namespace kilt::p11 {

const std::map<Handle, ObjectPtr>& Slot::objects() {
  // Clients search by one class after the other: the token is asked once for all of them whether
  // another program changed it.
  const auto now = std::chrono::steady_clock::now();
  const bool recent = token_ && now - looked_at_ < environment_->config.recheck;
  if (recent && list_generation_) return objects_;
  with_token(Repeat::kOnce, [&](Token& token) {
    const ObjectList* list = recent ? token.remembered_list() : nullptr;
    if (list == nullptr) {
      list = &token.list();
      looked_at_ = now;
    }
    if (list_generation_ != list->generation) update_objects(*list, token.capabilities());
  });
  return objects_;
}

// Same identity, same handle; a new Object, since label or value may have changed.
void Slot::update_objects(const ObjectList& list, const Capabilities& capabilities) {
  std::map<Handle, ObjectPtr> fresh;
  for (const Key& key : list.keys) {
    if (key.has_private) add_object(fresh, std::make_shared<KeyObject>(key, true), key.ref);
    if (key.has_public) add_object(fresh, std::make_shared<KeyObject>(key, false), key.ref);
  }
  for (const Certificate& certificate : list.certificates)
    add_object(fresh, std::make_shared<CertificateObject>(certificate), certificate.ref);
  for (const DataObject& data : list.data)
    add_object(fresh, std::make_shared<DataObjectView>(data), data.ref);
  for (const CK_PROFILE_ID profile : profiles_of(list, capabilities))
    add_object(fresh, std::make_shared<ProfileObject>(profile), {static_cast<Byte>(profile)});
  const auto [status_handle, status] = status_object();
  fresh.emplace(status_handle, status);
  std::erase_if(handles_, [&](const auto& entry) { return !fresh.contains(entry.second); });
  objects_ = std::move(fresh);
  odd_ = list.odd;
  list_generation_ = list.generation;
}

std::pair<Handle, ObjectPtr> Slot::status_object() {
  bind();
  if (!status_handle_) status_handle_ = new_handle();
  ObjectPtr& object = objects_[*status_handle_];
  if (!object) object = std::make_shared<StatusObject>();
  return {*status_handle_, object};
}

TokenStatus Slot::load_status() {
  TokenStatus status;
  with_token(Repeat::kOnce, [&](Token& token) {
    status.info = token.info();
    status.user = pin_status(token, PinRole::kUser);
    status.so = pin_status(token, PinRole::kSo);
    status.capabilities = token.capabilities();
  });
  const auto learn = [&](PinRole role, PinStatus& pin) {
    // What a login showed is surer than what the token says.
    if (const auto known = factory_pin_.find(role); known != factory_pin_.end())
      pin.factory = known->second;
  };
  learn(PinRole::kUser, status.user);
  learn(PinRole::kSo, status.so);
  status.profile = profile_;
  status.odd = odd_;
  status.last_reason = last_reason_;
  return status;
}

void Slot::add_object(std::map<Handle, ObjectPtr>& fresh, ObjectPtr object, const ObjectRef& ref) {
  const auto [entry, added] = handles_.try_emplace({object->object_class(), ref}, 0);
  if (added) entry->second = environment_->next_handle++;
  fresh.emplace(entry->second, std::move(object));
}

// Handles of private objects die with the login (PKCS#11 v2.40 base, 5.6, C_Logout).
void Slot::forget_private_objects() {
  std::erase_if(objects_, [&](const auto& entry) { return entry.second->is_private(); });
  std::erase_if(handles_, [&](const auto& entry) { return !objects_.contains(entry.second); });
  list_generation_.reset();
}

Handle Slot::handle_of(CK_OBJECT_CLASS object_class, const ObjectRef& ref) {
  objects();
  const auto found = handles_.find({object_class, ref});
  return found == handles_.end() ? 0 : found->second;
}

PublicKey Slot::load_public_key(const Key& key) {
  return with_token(Repeat::kOnce, [&](Token& token) { return token.read_public_key(key.ref); });
}

Bytes Slot::load_certificate(const Certificate& certificate) {
  return with_token(Repeat::kOnce,
                    [&](Token& token) { return token.read_certificate(certificate.ref); });
}

Bytes Slot::load_data(const DataObject& data) {
  return with_token(Repeat::kOnce, [&](Token& token) { return token.read_data(data.ref); });
}

std::optional<host::CertificateFields> Slot::certificate_of(const Bytes& id) {
  if (id.empty()) return std::nullopt;
  for (const auto& [handle, object] : objects_) {
    auto* certificate = dynamic_cast<CertificateObject*>(object.get());
    if (certificate == nullptr || certificate->certificate().id != id || !visible(*certificate))
      continue;
    return certificate->fields(*this);
  }
  return std::nullopt;
}

}  // namespace kilt::p11
