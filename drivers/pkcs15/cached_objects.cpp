#include "drivers/pkcs15/cached_objects.h"

#include "drivers/errors.h"
#include "drivers/pkcs15/last_update.h"

namespace kilt::pkcs15 {

void CachedObjects::note_token_info(const std::optional<TokenInfoEntry>& token) {
  mark_ = token && settled(token->last_update) ? token->last_update : std::string();
}

bool CachedObjects::refresh() {
  const auto token = objects_->read_token_info();
  note_token_info(token);
  const std::string now = token ? token->last_update : std::string();
  if (listed_ && !mark_.empty() && mark_ == listed_mark_) return true;
  // Without a mark everything is read again: what turns out to be as it was is the same, or no
  // object of a token that keeps none could ever be named twice.
  const bool same = now == listed_mark_ && (!now.empty() || listed_);
  listed_ = false;
  listed_mark_ = now;
  if (!read(same)) return false;
  listed_ = true;
  save();
  return true;
}

/// A mark that the next change could repeat (of this very second, or of the future) is another
/// subject: what is kept under it holds only together with the directories.
std::string CachedObjects::cache_mark() const {
  if (listed_mark_.empty() || settled(listed_mark_)) return listed_mark_;
  return listed_mark_ + "?";
}

Bytes CachedObjects::known_serial() const {
  try {
    return serial_();
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return {};
  }
}

bool CachedObjects::read(bool same) {
  const auto stored = [&](const std::string& mark) {
    const Bytes serial = known_serial();
    return cache::load({family_, serial, serial.empty() ? std::string() : mark});
  };
  if (settled(listed_mark_))
    if (auto files = stored(listed_mark_))
      return objects_->load(std::move(*files), Objects::Trust::kAll, same);
  cache::Files known = same && !listed_mark_.empty() ? objects_->known() : cache::Files{};
  if (known.empty() && !listed_mark_.empty())
    known = stored(listed_mark_ + "?").value_or(cache::Files{});
  return objects_->load(std::move(known), Objects::Trust::kValues, same);
}

bool CachedObjects::remembers() {
  if (mark_.empty()) return false;
  if (listed_ && mark_ == listed_mark_) return true;
  // Read with the token's names; the disk may hold the rest. What it does not hold is not read
  // here: the mark may be an older one by now.
  listed_mark_ = mark_;
  const Bytes serial = known_serial();
  auto files = serial.empty() ? std::nullopt : cache::load({family_, serial, mark_});
  if (!files || !objects_->load(std::move(*files)) || objects_->unsaved_files() != nullptr) {
    forget();
    return false;
  }
  listed_ = true;
  return true;
}

void CachedObjects::forget() noexcept {
  listed_ = false;
  mark_.clear();
}

PublicKey CachedObjects::read_public_key(const ObjectRef& ref) {
  PublicKey key = objects_->read_public_key(ref);
  save();
  return key;
}

Bytes CachedObjects::read_certificate(const ObjectRef& ref) {
  Bytes der = objects_->read_certificate(ref);
  save();
  return der;
}

Bytes CachedObjects::read_data(const ObjectRef& ref) {
  Bytes value = objects_->read_data(ref);
  save();
  return value;
}

void CachedObjects::save() {
  const std::string mark = cache_mark();
  const Bytes serial = known_serial();
  const cache::Files* files = objects_->unsaved_files();
  if (files != nullptr && !serial.empty()) cache::store({family_, serial, mark}, *files);
}

}  // namespace kilt::pkcs15
