#include "tests/conformance/module.h"

#include <algorithm>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include <dlfcn.h>

namespace kilt::conformance {
namespace {

struct Loaded {
  void* library = nullptr;
  CK_FUNCTION_LIST* functions = nullptr;
  const void* v3_0 = nullptr;
  const void* v3_2 = nullptr;
};
Loaded loaded;

const void* table(int major, int minor) {
  auto* get = reinterpret_cast<decltype(&C_GetInterface)>(symbol("C_GetInterface"));
  if (get == nullptr) return nullptr;
  CK_VERSION version{static_cast<CK_BYTE>(major), static_cast<CK_BYTE>(minor)};
  std::string name = "PKCS 11";
  CK_INTERFACE* interface = nullptr;
  if (get(chars(name), &version, &interface, 0) != CKR_OK || interface == nullptr) return nullptr;
  return interface->pFunctionList;
}

void need(CK_RV rv, const char* what) {
  if (rv == CKR_OK) return;
  std::ostringstream text;
  text << what << " gives 0x" << std::hex << rv;
  throw std::runtime_error(text.str());
}

}  // namespace

Options& options() {
  static Options all;
  return all;
}

void load_module() {
  loaded.library = dlopen(options().module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded.library == nullptr) throw std::runtime_error(dlerror());
  auto* get = reinterpret_cast<CK_C_GetFunctionList>(symbol("C_GetFunctionList"));
  if (get == nullptr) throw std::runtime_error("this is no PKCS#11 module");
  need(get(&loaded.functions), "C_GetFunctionList");
  loaded.v3_0 = table(3, 0);
  loaded.v3_2 = table(3, 2);
}

const CK_FUNCTION_LIST& p11() { return *loaded.functions; }
const CK_FUNCTION_LIST_3_0* v3_0() { return static_cast<const CK_FUNCTION_LIST_3_0*>(loaded.v3_0); }
const CK_FUNCTION_LIST_3_2* v3_2() { return static_cast<const CK_FUNCTION_LIST_3_2*>(loaded.v3_2); }
void* symbol(const char* name) { return dlsym(loaded.library, name); }

CK_SLOT_ID test_slot() {
  CK_ULONG count = 0;
  need(p11().C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList");
  std::vector<CK_SLOT_ID> slots(count);
  need(p11().C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  slots.resize(count);
  if (options().slot) return *options().slot;
  if (slots.empty()) throw std::runtime_error("no slot has a token");
  return slots.front();
}

void initialise_token() {
  need(p11().C_Initialize(nullptr), "C_Initialize");
  std::string label = options().label, so_pin = options().so_pin, pin = options().pin;
  label.resize(32, ' ');
  need(p11().C_InitToken(test_slot(), chars(so_pin), so_pin.size(), chars(label)), "C_InitToken");
  CK_SLOT_ID slot = test_slot();
  if (!options().slot) {  // SoftHSM moves a token that it initialises to another slot
    CK_ULONG count = 64;
    std::vector<CK_SLOT_ID> slots(count);
    need(p11().C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
    for (CK_ULONG i = 0; i < count; ++i) {
      CK_TOKEN_INFO info{};
      if (p11().C_GetTokenInfo(slots[i], &info) == CKR_OK &&
          std::memcmp(info.label, label.data(), label.size()) == 0)
        slot = slots[i];
    }
  }
  CK_SESSION_HANDLE session = 0;
  need(p11().C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
       "C_OpenSession");
  need(login(session, CKU_SO, so_pin), "C_Login of the SO");
  need(p11().C_InitPIN(session, chars(pin), pin.size()), "C_InitPIN");
  need(p11().C_Finalize(nullptr), "C_Finalize");
}

CK_UTF8CHAR* chars(std::string& text) {
  return reinterpret_cast<CK_UTF8CHAR*>(text.data());  // NOLINT: plain bytes
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, std::string pin) {
  return p11().C_Login(session, user, chars(pin), pin.size());
}

CK_TOKEN_INFO token_info() {
  CK_TOKEN_INFO info{};
  need(p11().C_GetTokenInfo(test_slot(), &info), "C_GetTokenInfo");
  return info;
}

std::vector<CK_MECHANISM_TYPE> mechanisms() {
  CK_ULONG count = 0;
  const CK_SLOT_ID slot = test_slot();
  need(p11().C_GetMechanismList(slot, nullptr, &count), "C_GetMechanismList");
  std::vector<CK_MECHANISM_TYPE> all(count);
  need(p11().C_GetMechanismList(slot, all.data(), &count), "C_GetMechanismList");
  all.resize(count);
  return all;
}

std::optional<CK_MECHANISM_INFO> mechanism_info(CK_MECHANISM_TYPE type) {
  CK_MECHANISM_INFO info{};
  if (p11().C_GetMechanismInfo(test_slot(), type, &info) != CKR_OK) return std::nullopt;
  return info;
}

bool can(CK_MECHANISM_TYPE type, CK_FLAGS flag) {
  const auto info = mechanism_info(type);
  return info && (info->flags & flag) != 0;
}

Template& Template::bytes(CK_ATTRIBUTE_TYPE type, Bytes value) {
  types_.push_back(type);
  values_.push_back(std::move(value));
  return *this;
}
Template& Template::text(CK_ATTRIBUTE_TYPE type, const std::string& value) {
  return bytes(type, Bytes(value.begin(), value.end()));
}
Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  return bytes(type, Bytes{static_cast<CK_BYTE>(value ? CK_TRUE : CK_FALSE)});
}
Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes raw(sizeof value);
  std::memcpy(raw.data(), &value, sizeof value);
  return bytes(type, std::move(raw));
}
CK_ATTRIBUTE* Template::data() {
  list_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i)
    list_.push_back({types_[i], values_[i].data(), values_[i].size()});
  return list_.data();
}

std::vector<CK_OBJECT_HANDLE> find(CK_SESSION_HANDLE session, Template wanted) {
  std::vector<CK_OBJECT_HANDLE> found;
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsInit(session, wanted.data(), wanted.size()));
  std::vector<CK_OBJECT_HANDLE> some(16);
  for (CK_ULONG count = 1; count > 0 && found.size() < 4096;) {
    count = 0;
    if (p11().C_FindObjects(session, some.data(), some.size(), &count) != CKR_OK) break;
    found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
  }
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsFinal(session));
  return found;
}

std::optional<Bytes> attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE wanted{type, nullptr, 0};
  if (p11().C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return std::nullopt;
  if (wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION || wanted.ulValueLen > 1UL << 20)
    return std::nullopt;
  Bytes value(wanted.ulValueLen);
  wanted.pValue = value.data();
  if (p11().C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return std::nullopt;
  value.resize(std::min<std::size_t>(value.size(), wanted.ulValueLen));
  return value;
}

std::optional<CK_ULONG> number(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type) {
  const auto value = attribute(session, object, type);
  CK_ULONG result = 0;
  if (!value || value->size() != sizeof result) return std::nullopt;
  std::memcpy(&result, value->data(), sizeof result);
  return result;
}

std::optional<bool> flag(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type) {
  const auto value = attribute(session, object, type);
  if (!value || value->size() != 1) return std::nullopt;
  return value->front() != CK_FALSE;
}

::testing::AssertionResult is_one_of(CK_RV rv, std::initializer_list<CK_RV> allowed) {
  if (std::find(allowed.begin(), allowed.end(), rv) != allowed.end())
    return ::testing::AssertionSuccess();
  auto failure = ::testing::AssertionFailure() << "0x" << std::hex << rv << ", not one of";
  for (const CK_RV one : allowed) failure << " 0x" << one;
  return failure;
}

}  // namespace kilt::conformance
