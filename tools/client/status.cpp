#include "tools/client/status.h"

#include <nlohmann/json.hpp>

#include "tools/client/pin_failures.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxEntries = 256;
constexpr const char* kFiles = "files";  ///< the family of key files

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

/// What this computer remembers, where the card shows no counter.
void complete(PinState& pin, const SlotView::Token& token, Role role) {
  // One that is not initialised has no PIN that could be blocked.
  pin.untold =
      token.has(CKF_TOKEN_INITIALIZED) && pin.initialized && !pin.locked && !pin.tries_left;
  if (!pin.untold) return;
  const auto record = remembered(token.serial, role);
  pin.remembered = record.has_value();
  if (!record) return;
  pin.locked = record->blocked;
  pin.count_low = pin.count_low || record->failures > 0;
  pin.last_try = pin.last_try || record->failures + 1 >= pin.tries_max.value_or(kUsualTries);
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

void require_function(const TokenStatus& status, const std::string& name) {
  const auto found = status.functions.find(name);
  if (found != status.functions.end() && found->second.state == "unavailable")
    throw Failure(Kind::kUnsupported, tr("This token cannot do that: {0}", found->second.reason));
}

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
  const auto object = session.status_object();
  if (!object) return status;
  const Values values = session.read(
      *object, {CKA_KILT_USER_TRIES_LEFT, CKA_KILT_USER_TRIES_MAX, CKA_KILT_SO_TRIES_LEFT,
                CKA_KILT_SO_TRIES_MAX, CKA_KILT_USER_PIN_FACTORY, CKA_KILT_SO_PIN_FACTORY,
                CKA_KILT_MEMORY_TOTAL, CKA_KILT_MEMORY_FREE, CKA_KILT_FAMILY, CKA_KILT_PROFILE,
                CKA_KILT_FIRMWARE, CKA_KILT_STORAGE_OID, CKA_KILT_FUNCTIONS, CKA_KILT_ODD_OBJECTS,
                CKA_KILT_FACTORY_PIN_ALLOWED, CKA_KILT_SO_PIN_VERIFIABLE});
  status.known = true;
  read_pin(status.user, values.number(CKA_KILT_USER_TRIES_LEFT),
           values.number(CKA_KILT_USER_TRIES_MAX),
           yes_or_no(values.number(CKA_KILT_USER_PIN_FACTORY)));
  read_pin(status.so, values.number(CKA_KILT_SO_TRIES_LEFT), values.number(CKA_KILT_SO_TRIES_MAX),
           yes_or_no(values.number(CKA_KILT_SO_PIN_FACTORY)));
  status.so.verifiable = values.number(CKA_KILT_SO_PIN_VERIFIABLE) != 0UL;
  status.family = values.text(CKA_KILT_FAMILY);
  // A file counts no tries, and is never blocked.
  if (status.family != kFiles) {
    complete(status.user, token, Role::kUser);
    complete(status.so, token, Role::kSo);
  }
  status.memory_total = values.number(CKA_KILT_MEMORY_TOTAL);
  status.memory_free = values.number(CKA_KILT_MEMORY_FREE);
  status.profile = values.text(CKA_KILT_PROFILE);
  status.firmware = values.text(CKA_KILT_FIRMWARE);
  status.storage_oid = values.text(CKA_KILT_STORAGE_OID);
  status.factory_pins_allowed = yes_or_no(values.number(CKA_KILT_FACTORY_PIN_ALLOWED));
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
