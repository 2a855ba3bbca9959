#include "pkcs11/session_objects.h"

#include "pkcs11/rv.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxObjects = 10000;

}  // namespace

void SessionObjects::add(Handle handle, CK_SESSION_HANDLE maker, SessionObjectPtr object) {
  refuse_if(objects_.size() >= kMaxObjects, CKR_HOST_MEMORY);
  objects_.emplace(handle, Entry{maker, std::move(object)});
}

SessionObjectPtr SessionObjects::find(Handle handle) const {
  const auto found = objects_.find(handle);
  return found == objects_.end() ? nullptr : found->second.object;
}

bool SessionObjects::erase(Handle handle) { return objects_.erase(handle) != 0; }

std::vector<std::pair<Handle, SessionObjectPtr>> SessionObjects::all() const {
  std::vector<std::pair<Handle, SessionObjectPtr>> all;
  all.reserve(objects_.size());
  for (const auto& [handle, entry] : objects_) all.emplace_back(handle, entry.object);
  return all;
}

void SessionObjects::session_ends(CK_SESSION_HANDLE session) noexcept {
  std::erase_if(objects_, [&](const auto& one) { return one.second.maker == session; });
}

void SessionObjects::login_ends() noexcept {
  std::erase_if(objects_, [](const auto& one) { return one.second.object->is_private(); });
}

}  // namespace kilt::p11
