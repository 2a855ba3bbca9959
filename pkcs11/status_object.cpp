#include "pkcs11/status_object.h"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "drivers/json_text.h"
#include "pkcs11/kilt.h"

namespace kilt::p11 {
namespace {

struct FunctionName {
  Function function;
  const char* name;
};
constexpr std::array kFunctionNames{
    FunctionName{Function::kSign, "sign"},
    FunctionName{Function::kDecrypt, "decrypt"},
    FunctionName{Function::kDerive, "derive"},
    FunctionName{Function::kGenerateKey, "generate-key"},
    FunctionName{Function::kImportKey, "import-key"},
    FunctionName{Function::kWriteCertificate, "write-certificate"},
    FunctionName{Function::kWriteData, "write-data"},
    FunctionName{Function::kDeleteObject, "delete-object"},
    FunctionName{Function::kChangeAttributes, "change-attributes"},
    FunctionName{Function::kChangeUserPin, "change-user-pin"},
    FunctionName{Function::kChangeSoPin, "change-so-pin"},
    FunctionName{Function::kUnblockPin, "unblock-pin"},
    FunctionName{Function::kInitToken, "init-token"},
    FunctionName{Function::kRandom, "random"},
};

const char* state_name(Availability availability) {
  switch (availability) {
    case Availability::kNative:
      return "native";
    case Availability::kDelegated:
      return "delegated";
    default:
      return "unavailable";
  }
}

template <typename T>
AttributeValue number(const std::optional<T>& value) {
  return AttributeValue::of_ulong(value ? static_cast<CK_ULONG>(*value)
                                        : CK_UNAVAILABLE_INFORMATION);
}

// JSON by pieces: drivers/json_text.h says why.
AttributeValue array_of(const std::vector<std::string>& values) {
  return AttributeValue::of_text(fmt::format("[{}]", fmt::join(values, ",")));
}

AttributeValue functions(const Capabilities& capabilities) {
  std::vector<std::string> members;
  for (const auto& [function, name] : kFunctionNames) {
    const auto found = capabilities.functions.find(function);
    FunctionState state{Availability::kUnavailable, "this token has no such function"};
    if (found != capabilities.functions.end()) state = found->second;
    std::string reason;
    if (!state.reason.empty()) reason = R"(,"reason":)" + json_string(state.reason);
    members.push_back(
        fmt::format(R"("{}":{{"state":"{}"{}}})", name, state_name(state.availability), reason));
  }
  return AttributeValue::of_text(fmt::format("{{{}}}", fmt::join(members, ",")));
}

AttributeValue factory_pins(const Profile* profile) {
  std::vector<std::string> pins;
  if (profile != nullptr)
    for (const FactoryPin& pin : profile->factory_pins)
      pins.push_back(fmt::format(R"({{"name":{},"role":"{}"}})", json_string(pin.name),
                                 pin.role == PinRole::kSo ? "so" : "user"));
  return array_of(pins);
}

AttributeValue odd_objects(const std::vector<OddObject>& odd) {
  std::vector<std::string> descriptions;
  descriptions.reserve(odd.size());
  for (const OddObject& object : odd) descriptions.push_back(json_string(object.description));
  return array_of(descriptions);
}

std::string firmware(const TokenInfo::Version& version) {
  if (version.major == 0 && version.minor == 0) return {};  // not known
  return fmt::format("{}.{}", version.major, version.minor);
}

AttributeValue of_status(CK_ATTRIBUTE_TYPE type, const TokenStatus& status) {
  switch (type) {
    case CKA_KILT_USER_TRIES_LEFT:
      return number(status.user.tries_left);
    case CKA_KILT_USER_TRIES_MAX:
      return number(status.user.tries_max);
    case CKA_KILT_SO_TRIES_LEFT:
      return number(status.so.tries_left);
    case CKA_KILT_SO_TRIES_MAX:
      return number(status.so.tries_max);
    case CKA_KILT_USER_PIN_FACTORY:
      return number(status.user.factory);
    case CKA_KILT_SO_PIN_FACTORY:
      return number(status.so.factory);
    case CKA_KILT_MEMORY_TOTAL:
      return number(status.info.memory_total);
    case CKA_KILT_MEMORY_FREE:
      return number(status.info.memory_free);
    case CKA_KILT_FAMILY:
      return AttributeValue::of_text(status.info.family);
    case CKA_KILT_PROFILE:
      return AttributeValue::of_text(status.profile ? status.profile->name : "");
    case CKA_KILT_FIRMWARE:
      return AttributeValue::of_text(firmware(status.info.firmware));
    case CKA_KILT_STORAGE_OID:
      return AttributeValue::of_text(status.profile ? status.profile->storage_oid : "");
    case CKA_KILT_FUNCTIONS:
      return functions(status.capabilities);
    case CKA_KILT_ODD_OBJECTS:
      return odd_objects(status.odd);
    case CKA_KILT_LAST_REASON:
      return AttributeValue::of_text(status.last_reason);
    case CKA_KILT_FACTORY_PIN_ALLOWED:
      return AttributeValue::of_ulong(status.factory_pin_allowed ? 1 : 0);
    case CKA_KILT_FACTORY_PINS:
      return factory_pins(status.profile);
    case CKA_KILT_USER_PIN_LABEL:
      return AttributeValue::of_text(status.user.label);
    case CKA_KILT_SO_PIN_VERIFIABLE:
      return AttributeValue::of_ulong(status.so.verifiable ? 1 : 0);
    default:
      return AttributeValue::invalid();
  }
}

}  // namespace

AttributeValue StatusObject::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(CKO_HW_FEATURE);
    case CKA_HW_FEATURE_TYPE:
      return AttributeValue::of_ulong(CKH_KILT_TOKEN_STATUS);
    case CKA_TOKEN:
    case CKA_PRIVATE:
    case CKA_MODIFIABLE:
      return AttributeValue::of_bool(false);
    case CKA_KILT_ASKED_ANEW:
      return AttributeValue::of_bool(true);
    default:
      // Only our own attributes are worth asking the token for.
      if ((type & ~0xFFFFUL) != (CKA_KILT_FAMILY & ~0xFFFFUL)) return AttributeValue::invalid();
      return of_status(type, loader.load_status());
  }
}

}  // namespace kilt::p11
