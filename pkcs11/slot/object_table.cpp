#include "pkcs11/slot/object_table.h"

#include <algorithm>
#include <utility>

#include "pkcs11/certificate_object.h"
#include "pkcs11/data_object.h"
#include "pkcs11/key_object.h"
#include "pkcs11/profile_object.h"

namespace kilt::p11 {
namespace {

template <typename Work>
class Finally {
 public:
  explicit Finally(Work work) : work_(std::move(work)) {}
  Finally(const Finally&) = delete;
  Finally& operator=(const Finally&) = delete;
  ~Finally() { work_(); }

 private:
  Work work_;
};

}  // namespace

const std::map<Handle, ObjectPtr>& ObjectTable::all() {
  // Clients search by one class after the other: the token is asked once for all of them whether
  // another program changed it.
  const auto now = std::chrono::steady_clock::now();
  const bool recent =
      !ask_anew_ && slot_->bound() &&
      now - std::max(listed_at_, slot_->bound_at()) < slot_->environment().config.recheck;
  if (recent && list_generation_) return objects_;
  slot_->with_token(Repeat::kOnce, [&](Token& token) {
    const ObjectList* list = recent ? token.remembered_list() : nullptr;
    if (list == nullptr) {
      list = &token.list();
      listed_at_ = now;
      ask_anew_ = false;
    }
    if (list_generation_ != list->generation) update(*list, token.capabilities(), Whose::kUnknown);
  });
  return objects_;
}

void ObjectTable::look_at(Token& token, Whose whose) {
  const ObjectList& list = token.list();
  listed_at_ = std::chrono::steady_clock::now();
  if (list_generation_ != list.generation) update(list, token.capabilities(), whose);
}

/// The change is made: what the token says now does not undo it.
void ObjectTable::look_after_change(Token& token, Whose whose) {
  try {
    look_at(token, whose);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    changed();
  }
}

/// What a login showed is out of sight when it has ended: that is no news of the object.
void ObjectTable::throw_gone(bool is_private) const {
  if (is_private && login_->role() != PinRole::kUser) throw NotLoggedIn();
  throw ObjectNotFound("the object is no longer on the token");
}

ObjectPtr ObjectTable::current(const Object& object) const {
  const auto found = objects_.find(object.handle());
  if (found == objects_.end()) throw_gone(object.is_private());
  return found->second;
}

void ObjectTable::look_for(const Object& object) {
  slot_->with_token(Repeat::kOnce, [&](Token& token) { look_at(token, Whose::kUnknown); });
  static_cast<void>(current(object));
}

// One handle names one object for ever (design decision 23). A listed object is the one known by
// the same ref if no other program can have written since, or if what makes it this object is the
// same. What only this program changed stays itself, under whatever ref it has now.
void ObjectTable::update(const ObjectList& list, const Capabilities& capabilities, Whose whose) {
  const bool ours = whose != Whose::kUnknown || list.changes == list_changes_;
  updating_ = true;
  const Finally updated([this] { updating_ = false; });
  const auto before = std::exchange(objects_, {});
  auto names = std::exchange(handles_, {});
  std::vector<std::pair<ObjectPtr, ObjectRef>> unknown;
  const auto keep = [&](const ObjectPtr& object, const ObjectRef& ref, Handle handle) {
    object->set_handle(handle);
    if (const auto known = before.find(handle); known != before.end())
      object->adopt(*known->second);
    handles_.emplace(Identity{object->object_class(), ref}, handle);
    objects_.emplace(handle, object);
  };
  const auto add = [&](const ObjectPtr& object, const ObjectRef& ref) {
    const auto name = names.find({object->object_class(), ref});
    const auto known = name == names.end() ? before.end() : before.find(name->second);
    if (known == before.end() || !(ours || is_same(*known->second, *object)))
      return unknown.emplace_back(object, ref), void();
    keep(object, ref, known->first);
    names.erase(name);
  };
  // Certificates first: they may show which key a key is.
  for (const Certificate& certificate : list.certificates)
    add(std::make_shared<CertificateObject>(certificate), certificate.ref);
  for (const DataObject& data : list.data) add(std::make_shared<DataObjectView>(data), data.ref);
  for (const Key& key : list.keys) {
    if (key.has_private) add(std::make_shared<KeyObject>(key, true), key.ref);
    if (key.has_public) add(std::make_shared<KeyObject>(key, false), key.ref);
  }
  for (const CK_PROFILE_ID profile : profiles_of(list, capabilities))
    add(std::make_shared<ProfileObject>(profile), {static_cast<Byte>(profile)});
  for (const auto& [object, ref] : unknown) {
    const CK_OBJECT_CLASS object_class = object->object_class();
    const auto of_class = [&](const auto& one) { return one.first.first == object_class; };
    const auto fresh = std::ranges::count_if(
        unknown, [&](const auto& one) { return one.first->object_class() == object_class; });
    const auto lost = std::ranges::find_if(names, of_class);
    const bool renamed =
        whose == Whose::kOursRenamed && fresh == 1 && std::ranges::count_if(names, of_class) == 1;
    keep(object, ref, renamed ? lost->second : slot_->new_handle());
  }
  const auto [status_handle, status] = status_object();
  objects_.emplace(status_handle, status);
  odd_ = list.odd;
  slot_->renew_capabilities(capabilities);
  list_generation_ = list.generation;
  list_changes_ = list.changes;
}

/// Costs APDUs, where contents have to be read again to prove it.
bool ObjectTable::is_same(Object& before, Object& now) {
  try {
    return before.is_still(now, *this);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return false;
  }
}

void ObjectTable::ask_anew() noexcept {
  ask_anew_ = true;
  login_->ask_anew();
}

std::pair<Handle, ObjectPtr> ObjectTable::status_object() {
  slot_->bind();
  if (!status_handle_) status_handle_ = slot_->new_handle();
  ObjectPtr& object = objects_[*status_handle_];
  if (!object) object = std::make_shared<StatusObject>();
  object->set_handle(*status_handle_);
  return {*status_handle_, object};
}

TokenStatus ObjectTable::load_status() {
  TokenStatus status;
  const auto lasts = slot_->environment().config.recheck;
  slot_->with_token(Repeat::kOnce, [&](Token& token) {
    status.info = token.info();
    status.user = login_->pin_status(token, PinRole::kUser, lasts);
    status.so = login_->pin_status(token, PinRole::kSo, lasts);
    status.capabilities = token.capabilities();
  });
  const auto learn = [&](PinRole role, PinStatus& pin) {
    // What a login showed is surer than what the token says.
    if (const auto known = login_->factory_pin(role)) pin.factory = known;
  };
  learn(PinRole::kUser, status.user);
  learn(PinRole::kSo, status.so);
  status.profile = slot_->profile();
  status.odd = odd_;
  status.last_reason = last_reason_;
  status.factory_pin_allowed = slot_->environment().config.allow_default_pin;
  return status;
}

void ObjectTable::forget_private() noexcept {
  std::erase_if(objects_, [&](const auto& entry) { return entry.second->is_private(); });
  std::erase_if(handles_, [&](const auto& entry) { return !objects_.contains(entry.second); });
  list_generation_.reset();
}

void ObjectTable::forget_all() noexcept {
  objects_.clear();
  handles_.clear();
  list_generation_.reset();
}

void ObjectTable::clear() noexcept {
  forget_all();
  status_handle_.reset();
  odd_.clear();
  last_reason_.clear();
}

Handle ObjectTable::handle_of(CK_OBJECT_CLASS object_class, const ObjectRef& ref) {
  all();
  const auto found = handles_.find({object_class, ref});
  return found == handles_.end() ? 0 : found->second;
}

/// A value that is read for the first time becomes the object's for good: so the token is asked
/// first whether the object is still the one that was listed.
template <typename Read>
auto ObjectTable::load(CK_OBJECT_CLASS object_class, const ObjectRef& ref, Read read) {
  return slot_->with_token(Repeat::kOnce, [&](Token& token) {
    const auto name = handles_.find({object_class, ref});
    if (!updating_ && name != handles_.end()) {
      const Handle handle = name->second;
      look_at(token, Whose::kUnknown);
      const auto now = handles_.find({object_class, ref});
      if (now == handles_.end() || now->second != handle)
        throw_gone(object_class == CKO_PRIVATE_KEY);
    }
    return read(token);
  });
}

PublicKey ObjectTable::load_public_key(const Key& key) {
  return load(key.has_private ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, key.ref,
              [&](Token& token) { return token.read_public_key(key.ref); });
}

Bytes ObjectTable::load_certificate(const Certificate& certificate) {
  return load(CKO_CERTIFICATE, certificate.ref,
              [&](Token& token) { return token.read_certificate(certificate.ref); });
}

Bytes ObjectTable::load_data(const DataObject& data) {
  return load(CKO_DATA, data.ref, [&](Token& token) { return token.read_data(data.ref); });
}

std::optional<x509::Fields> ObjectTable::certificate_of(const Bytes& id) {
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
