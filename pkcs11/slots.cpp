// Slot and token management (PKCS#11 v2.40 base, 5.5), the reading part.
#include <algorithm>

#include "pkcs11/entry.h"
#include "pkcs11/mechanisms.h"
#include "pkcs11/text.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

struct PinFlags {
  CK_FLAGS initialized, count_low, final_try, locked, to_be_changed;
};
constexpr PinFlags kUserFlags{CKF_USER_PIN_INITIALIZED, CKF_USER_PIN_COUNT_LOW,
                              CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED,
                              CKF_USER_PIN_TO_BE_CHANGED};
constexpr PinFlags kSoFlags{0, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED,
                            CKF_SO_PIN_TO_BE_CHANGED};

/// `change`: the token can change the PIN. A flag that demands what C_SetPIN refuses only makes
/// programs give the token up; log, status object and tool warn of a factory PIN in any case.
CK_FLAGS pin_flags(const PinStatus& status, const PinFlags& names, bool factory,
                   const FunctionState& change) {
  CK_FLAGS flags = status.initialized ? names.initialized : 0;
  if (status.blocked || status.tries_left == 0U) {
    flags |= names.locked;
  } else if (status.tries_left) {
    if (status.tries_max && *status.tries_left < *status.tries_max) flags |= names.count_low;
    if (*status.tries_left == 1) flags |= names.final_try;
  }
  if (status.count_low && (flags & names.locked) == 0) flags |= names.count_low;
  const bool possible = change.availability != Availability::kUnavailable;
  if (possible && (factory || status.factory.value_or(false))) flags |= names.to_be_changed;
  return flags;
}

FunctionState state_of(Token& token, Function function) {
  const auto& functions = token.capabilities().functions;
  const auto found = functions.find(function);
  return found == functions.end() ? FunctionState() : found->second;
}

CK_ULONG memory(const std::optional<std::uint64_t>& size) {
  return size ? CK_ULONG{*size} : CK_UNAVAILABLE_INFORMATION;
}

void fill_slot_info(const Slot& slot, CK_SLOT_INFO& info) {
  info = {};
  pad_text(info.slotDescription, slot.reader());
  pad_text(info.manufacturerID, "Kilt project");
  info.flags = slot.hardware() ? CKF_REMOVABLE_DEVICE | CKF_HW_SLOT : 0;
  if (slot.present()) info.flags |= CKF_TOKEN_PRESENT;
}

void fill_token_info(Slot& slot, Token& token, CK_TOKEN_INFO& info) {
  const TokenInfo about = token.info();
  const auto lasts = slot.environment().config.recheck;
  const PinStatus user = slot.pins().pin_status(token, PinRole::kUser, lasts);
  const PinStatus so = slot.pins().pin_status(token, PinRole::kSo, lasts);
  info = {};
  pad_text(info.label, about.label);
  pad_text(info.manufacturerID, about.manufacturer);
  pad_text(info.model, about.model);
  pad_text(info.serialNumber, about.serial);
  info.flags = about.login_required ? CKF_LOGIN_REQUIRED : 0;
  if (about.pin_pad) info.flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
  if (about.has_random) info.flags |= CKF_RNG;
  if (about.initialized) info.flags |= CKF_TOKEN_INITIALIZED;
  if (about.write_protected) info.flags |= CKF_WRITE_PROTECTED;
  const LoginState& pins = slot.pins();
  info.flags |= pin_flags(user, kUserFlags, pins.factory_pin(PinRole::kUser).value_or(false),
                          state_of(token, Function::kChangeUserPin));
  info.flags |= pin_flags(so, kSoFlags, pins.factory_pin(PinRole::kSo).value_or(false),
                          state_of(token, Function::kChangeSoPin));
  info.ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
  info.ulSessionCount = slot.sessions();
  info.ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
  info.ulRwSessionCount = slot.rw_sessions();
  info.ulMaxPinLen = user.max_length;
  info.ulMinPinLen = user.min_length;
  info.ulTotalPublicMemory = info.ulTotalPrivateMemory = memory(about.memory_total);
  info.ulFreePublicMemory = info.ulFreePrivateMemory = memory(about.memory_free);
  info.hardwareVersion = {static_cast<CK_BYTE>(about.hardware.major),
                          static_cast<CK_BYTE>(about.hardware.minor)};
  info.firmwareVersion = {static_cast<CK_BYTE>(about.firmware.major),
                          static_cast<CK_BYTE>(about.firmware.minor)};
  std::ranges::fill(info.utcTime, static_cast<unsigned char>(' '));
}

/// Lists of handles follow the same convention as bytes do.
template <typename T>
void give_list(const std::vector<T>& values, T* list, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = values.size();
  if (list == nullptr) return;
  refuse_if(room < values.size(), CKR_BUFFER_TOO_SMALL);
  std::ranges::copy(values, list);
}

}  // namespace

CK_RV C_GetSlotList(CK_BBOOL token_present, CK_SLOT_ID* slot_list, CK_ULONG* count) {
  return entry(__func__, [&](Module& module) {
    need_pointer(count);
    std::vector<CK_SLOT_ID> ids;
    for (const auto& slot : module.refresh_slots())
      if (token_present == CK_FALSE || slot->present()) ids.push_back(slot->id());
    give_list(ids, slot_list, count);
  });
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slot_id, CK_SLOT_INFO* info) {
  return slot_entry(__func__, slot_id, [&](Module&, const std::shared_ptr<Slot>& slot) {
    need_pointer(info);
    slot->refresh();
    fill_slot_info(*slot, *info);
  });
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slot_id, CK_TOKEN_INFO* info) {
  return slot_entry(__func__, slot_id, [&](Module&, const std::shared_ptr<Slot>& slot) {
    need_pointer(info);
    slot->refresh();
    slot->with_token(Repeat::kOnce, [&](Token& token) { fill_token_info(*slot, token, *info); });
  });
}

CK_RV C_GetMechanismList(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE* mechanism_list, CK_ULONG* count) {
  return slot_entry(__func__, slot_id, [&](Module&, const std::shared_ptr<Slot>& slot) {
    need_pointer(count);
    give_list(mechanisms_of(slot->capabilities()), mechanism_list, count);
  });
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slot_id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  return slot_entry(__func__, slot_id, [&](Module&, const std::shared_ptr<Slot>& slot) {
    need_pointer(info);
    const auto known = mechanism_info(type, slot->capabilities());
    refuse_if(!known, CKR_MECHANISM_INVALID);
    *info = *known;
  });
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID* slot, void* reserved) {
  return entry(__func__, [&](Module& module) {
    refuse_if(slot == nullptr || reserved != nullptr, CKR_ARGUMENTS_BAD);
    while (true) {
      const auto event = module.take_event();
      refuse_if(module.finalizing(), CKR_CRYPTOKI_NOT_INITIALIZED);
      if (event) {
        *slot = *event;
        return;
      }
      refuse_if((flags & CKF_DONT_BLOCK) != 0, CKR_NO_EVENT);
      module.wait_for_change();
    }
  });
}
