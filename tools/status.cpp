#include "tools/status.h"

#include <nlohmann/json.hpp>

#include "tools/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxEntries = 256;

std::optional<bool> yes_or_no(std::optional<CK_ULONG> number) {
  if (!number) return std::nullopt;
  return *number != 0;
}

void read_pin(PinState& pin, std::optional<CK_ULONG> left, std::optional<CK_ULONG> most,
              std::optional<bool> factory) {
  pin.tries_left = left;
  pin.tries_max = most;
  if (left) {
    pin.locked = pin.locked || *left == 0;
    pin.last_try = *left == 1;
  }
  if (left && most && *left < *most) pin.count_low = true;
  if (factory) pin.factory = factory;
}

/// JSON from the module; anything unexpected is as if it were not there.
nlohmann::json parse(const Values& values, CK_ATTRIBUTE_TYPE type) {
  const Bytes text = values.bytes(type);
  return nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? clean(found->get<std::string>()) : "";
}

}  // namespace

TokenStatus status_from_flags(const SlotView::Token& token) {
  TokenStatus status;
  status.user.initialized = token.has(CKF_USER_PIN_INITIALIZED);
  status.user.locked = token.has(CKF_USER_PIN_LOCKED);
  status.user.last_try = token.has(CKF_USER_PIN_FINAL_TRY);
  status.user.count_low = token.has(CKF_USER_PIN_COUNT_LOW);
  if (token.has(CKF_USER_PIN_TO_BE_CHANGED)) status.user.factory = true;
  status.so.locked = token.has(CKF_SO_PIN_LOCKED);
  status.so.last_try = token.has(CKF_SO_PIN_FINAL_TRY);
  status.so.count_low = token.has(CKF_SO_PIN_COUNT_LOW);
  if (token.has(CKF_SO_PIN_TO_BE_CHANGED)) status.so.factory = true;
  return status;
}

TokenStatus read_status(Session& session, const SlotView::Token& token) {
  TokenStatus status = status_from_flags(token);
  Template wanted;
  wanted.number(CKA_CLASS, CKO_HW_FEATURE).number(CKA_HW_FEATURE_TYPE, CKH_KILT_TOKEN_STATUS);
  const auto objects = session.find(std::move(wanted));
  if (objects.empty()) return status;
  const Values values = session.read(
      objects.front(),
      {CKA_KILT_USER_TRIES_LEFT, CKA_KILT_USER_TRIES_MAX, CKA_KILT_SO_TRIES_LEFT,
       CKA_KILT_SO_TRIES_MAX, CKA_KILT_USER_PIN_FACTORY, CKA_KILT_SO_PIN_FACTORY,
       CKA_KILT_MEMORY_TOTAL, CKA_KILT_MEMORY_FREE, CKA_KILT_FAMILY, CKA_KILT_PROFILE,
       CKA_KILT_FIRMWARE, CKA_KILT_STORAGE_OID, CKA_KILT_FUNCTIONS, CKA_KILT_ODD_OBJECTS});
  status.known = true;
  read_pin(status.user, values.number(CKA_KILT_USER_TRIES_LEFT),
           values.number(CKA_KILT_USER_TRIES_MAX),
           yes_or_no(values.number(CKA_KILT_USER_PIN_FACTORY)));
  read_pin(status.so, values.number(CKA_KILT_SO_TRIES_LEFT), values.number(CKA_KILT_SO_TRIES_MAX),
           yes_or_no(values.number(CKA_KILT_SO_PIN_FACTORY)));
  status.memory_total = values.number(CKA_KILT_MEMORY_TOTAL);
  status.memory_free = values.number(CKA_KILT_MEMORY_FREE);
  status.family = values.text(CKA_KILT_FAMILY);
  status.profile = values.text(CKA_KILT_PROFILE);
  status.firmware = values.text(CKA_KILT_FIRMWARE);
  status.storage_oid = values.text(CKA_KILT_STORAGE_OID);
  const auto functions = parse(values, CKA_KILT_FUNCTIONS);
  if (functions.is_object() && functions.size() <= kMaxEntries)
    for (const auto& [name, answer] : functions.items())
      if (answer.is_object())
        status.functions[clean(name)] = {text_of(answer, "state"), text_of(answer, "reason")};
  const auto odd = parse(values, CKA_KILT_ODD_OBJECTS);
  if (odd.is_array() && odd.size() <= kMaxEntries)
    for (const auto& entry : odd)
      if (entry.is_string()) status.odd_objects.push_back(clean(entry.get<std::string>()));
  return status;
}

}  // namespace kilt::tool
