#include "tools/client/session.h"

#include <algorithm>
#include <cstring>

#include "tools/client/return_value.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxObjects = 10000;
constexpr CK_ULONG kBatch = 256;
constexpr CK_ULONG kMaxAttribute = CK_ULONG{1} << 20U;  // 1 MiB: more than any token holds
constexpr CK_ULONG kMaxSignature = 16384;

[[noreturn]] void lies(const char* function) {
  throw Failure(Kind::kModule,
                tr("The module breaks the standard in {0}: impossible length.", function),
                tr("Report this to the maker of the module."));
}

/// These say "not this attribute", not "the call failed".
bool partial(CK_RV rv) {
  return rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
         rv == CKR_BUFFER_TOO_SMALL;
}

Template status_search() {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_HW_FEATURE).number(CKA_HW_FEATURE_TYPE, CKH_KILT_TOKEN_STATUS);
  return wanted;
}

}  // namespace

unsigned char* as_input(BytesView bytes) noexcept {
  return const_cast<unsigned char*>(bytes.data());  // NOLINT: see declaration
}

Template& Template::bytes(CK_ATTRIBUTE_TYPE type, BytesView value) {
  types_.push_back(type);
  values_.emplace_back(value);
  return *this;
}
Template& Template::text(CK_ATTRIBUTE_TYPE type, const std::string& value) {
  return bytes(type, view(value));
}
Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  const Byte byte = value ? CK_TRUE : CK_FALSE;
  return bytes(type, BytesView(&byte, 1));
}
Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  Bytes raw(sizeof value);
  std::memcpy(raw.data(), &value, sizeof value);
  return bytes(type, raw);
}
CK_ATTRIBUTE* Template::data() {
  list_.clear();
  for (std::size_t i = 0; i < types_.size(); ++i)
    list_.push_back({types_[i], as_input(values_[i].bytes()), values_[i].size()});
  return list_.data();
}

const Bytes* Values::find(CK_ATTRIBUTE_TYPE type) const {
  const auto found = values_.find(type);
  return found == values_.end() ? nullptr : &found->second;
}
Bytes Values::bytes(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  return value == nullptr ? Bytes{} : *value;
}
std::string Values::text(CK_ATTRIBUTE_TYPE type) const {
  const Bytes value = bytes(type);
  return clean(std::string(value.begin(), value.end()));
}
std::optional<CK_ULONG> Values::number(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  CK_ULONG number = 0;
  if (value == nullptr || value->size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value->data(), sizeof number);
  if (number == CK_UNAVAILABLE_INFORMATION) return std::nullopt;
  return number;
}
bool Values::flag(CK_ATTRIBUTE_TYPE type) const {
  const Bytes* value = find(type);
  return value != nullptr && value->size() == 1 && value->front() != CK_FALSE;
}

Session::Session(Module& module, CK_SLOT_ID slot, Mode mode)
    : module_(&module), slot_(slot), mode_(mode) {
  stop_if_interrupted();
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (mode == Mode::kWrite ? CKF_RW_SESSION : 0UL);
  const CK_RV rv = call().C_OpenSession(slot, flags, nullptr, nullptr, &handle_);
  if (rv != CKR_OK) throw failure_of(rv, "C_OpenSession");
}

Session::~Session() {
  logout();
  call().C_CloseSession(handle_);
}

void Session::fail(CK_RV rv, const char* function) {
  std::string reason;
  try {
    if (const auto status = status_object())
      reason = read(*status, {CKA_KILT_LAST_REASON}).text(CKA_KILT_LAST_REASON);
  } catch (const Failure&) {
    reason.clear();  // the token is gone; the code must do
  }
  throw failure_of(rv, function, reason);
}

bool Session::fits(const Secret& pin) {
  CK_TOKEN_INFO info{};
  if (call().C_GetTokenInfo(slot_, &info) != CKR_OK) return true;
  return pin.size() >= info.ulMinPinLen && pin.size() <= info.ulMaxPinLen;
}

void Session::login(Role role, const Secret& pin) {
  stop_if_interrupted();
  if (pin.empty()) throw Failure(Kind::kUsage, tr("An empty PIN is not sent to the token."));
  const Uninterrupted whole;
  CK_RV rv = call().C_Login(handle_, role == Role::kUser ? CKU_USER : CKU_SO, as_input(pin.bytes()),
                            pin.size());
  // A module has no other code for a PIN that it did not even send (PKCS#11 v3.2, 5.1.6).
  if (rv == CKR_PIN_INCORRECT && !fits(pin)) rv = CKR_PIN_LEN_RANGE;
  check(rv, "C_Login");
  logged_in_ = true;
}

void Session::logout() noexcept {
  if (logged_in_) call().C_Logout(handle_);
  logged_in_ = false;
}

void Session::set_pin(const Secret& old_pin, const Secret& new_pin) {
  stop_if_interrupted();
  const Uninterrupted whole;
  check(call().C_SetPIN(handle_, as_input(old_pin.bytes()), old_pin.size(),
                        as_input(new_pin.bytes()), new_pin.size()),
        "C_SetPIN");
}

std::optional<CK_OBJECT_HANDLE> Session::status_object() {
  const auto found = find(status_search());
  if (found.empty()) return std::nullopt;
  return found.front();
}

void Session::ask_anew() {
  Template wanted = status_search();
  wanted.flag(CKA_KILT_ASKED_ANEW, true);
  static_cast<void>(find(std::move(wanted)));
}

void Session::init_pin(const Secret& new_pin) {
  const Uninterrupted whole;
  check(call().C_InitPIN(handle_, as_input(new_pin.bytes()), new_pin.size()), "C_InitPIN");
}

std::vector<CK_OBJECT_HANDLE> Session::find(Template wanted) {
  if (const CK_RV rv = call().C_FindObjectsInit(handle_, wanted.data(), wanted.size());
      rv != CKR_OK)
    throw failure_of(rv, "C_FindObjectsInit");
  std::vector<CK_OBJECT_HANDLE> found;
  CK_RV rv = CKR_OK;
  while (found.size() < kMaxObjects) {
    std::vector<CK_OBJECT_HANDLE> batch(kBatch);
    CK_ULONG count = 0;
    rv = call().C_FindObjects(handle_, batch.data(), kBatch, &count);
    if (rv != CKR_OK || count == 0) break;
    if (count > kBatch) {
      call().C_FindObjectsFinal(handle_);
      lies("C_FindObjects");
    }
    found.insert(found.end(), batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  }
  call().C_FindObjectsFinal(handle_);
  if (rv != CKR_OK) throw failure_of(rv, "C_FindObjects");
  return found;
}

Values Session::read(CK_OBJECT_HANDLE object, const std::vector<CK_ATTRIBUTE_TYPE>& types) {
  stop_if_interrupted();
  std::vector<CK_ATTRIBUTE> ask;
  ask.reserve(types.size());
  for (const CK_ATTRIBUTE_TYPE type : types) ask.push_back({type, nullptr, 0});
  CK_RV rv = call().C_GetAttributeValue(handle_, object, ask.data(), ask.size());
  if (rv != CKR_OK && !partial(rv)) throw failure_of(rv, "C_GetAttributeValue");

  std::vector<Bytes> room;
  std::vector<CK_ATTRIBUTE> take;
  for (const CK_ATTRIBUTE& attribute : ask) {
    if (attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION) continue;
    if (attribute.ulValueLen > kMaxAttribute) lies("C_GetAttributeValue");
    room.emplace_back(attribute.ulValueLen);
    take.push_back({attribute.type, nullptr, attribute.ulValueLen});
  }
  Values values;
  if (take.empty()) return values;
  Byte nothing = 0;  // an empty value still wants an address, else the call asks for sizes
  for (std::size_t i = 0; i < take.size(); ++i)
    take[i].pValue = room[i].empty() ? &nothing : room[i].data();
  rv = call().C_GetAttributeValue(handle_, object, take.data(), take.size());
  if (rv != CKR_OK && !partial(rv)) throw failure_of(rv, "C_GetAttributeValue");
  for (std::size_t i = 0; i < take.size(); ++i) {
    if (take[i].ulValueLen == CK_UNAVAILABLE_INFORMATION) continue;
    if (take[i].ulValueLen > room[i].size()) lies("C_GetAttributeValue");
    room[i].resize(take[i].ulValueLen);
    values.set(take[i].type, std::move(room[i]));
  }
  return values;
}

CK_OBJECT_HANDLE Session::create(Template object) {
  stop_if_interrupted();
  const Uninterrupted whole;
  CK_OBJECT_HANDLE handle = 0;
  check(call().C_CreateObject(handle_, object.data(), object.size(), &handle), "C_CreateObject");
  return handle;
}

void Session::destroy(CK_OBJECT_HANDLE object) {
  stop_if_interrupted();
  const Uninterrupted whole;
  check(call().C_DestroyObject(handle_, object), "C_DestroyObject");
}

void Session::change(CK_OBJECT_HANDLE object, Template changes) {
  const Uninterrupted whole;
  check(call().C_SetAttributeValue(handle_, object, changes.data(), changes.size()),
        "C_SetAttributeValue");
}

Session::Pair Session::generate(CK_MECHANISM_TYPE mechanism, Template public_half,
                                Template private_half) {
  stop_if_interrupted();
  const Uninterrupted whole;
  CK_MECHANISM how{mechanism, nullptr, 0};
  Pair pair;
  check(call().C_GenerateKeyPair(handle_, &how, public_half.data(), public_half.size(),
                                 private_half.data(), private_half.size(), &pair.public_key,
                                 &pair.private_key),
        "C_GenerateKeyPair");
  return pair;
}

Bytes Session::sign(CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key, bool pin_per_use,
                    BytesView input) {
  stop_if_interrupted();
  CK_MECHANISM how{mechanism, nullptr, 0};
  check(call().C_SignInit(handle_, &how, key), "C_SignInit");
  if (pin_per_use && ask_per_use_) {
    ask_per_use_([&](const Secret& pin) {
      if (pin.empty()) throw Failure(Kind::kUsage, tr("An empty PIN is not sent to the token."));
      const Uninterrupted whole;
      check(call().C_Login(handle_, CKU_CONTEXT_SPECIFIC, as_input(pin.bytes()), pin.size()),
            "C_Login");
    });
  }
  Bytes signature(kMaxSignature);
  CK_ULONG size = signature.size();
  const Byte nothing = 0;
  check(call().C_Sign(handle_, as_input(input.empty() ? BytesView(&nothing, 1) : input),
                      input.size(), signature.data(), &size),
        "C_Sign");
  if (size > signature.size()) lies("C_Sign");
  signature.resize(size);
  return signature;
}

}  // namespace kilt::tool
