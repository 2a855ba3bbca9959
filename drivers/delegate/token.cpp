#include "drivers/delegate/token.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/delegate/gost_signature.h"
#include "drivers/delegate/mechanisms.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

constexpr std::size_t kMaxRandom = 65536;

CK_USER_TYPE user_type(PinRole role) { return role == PinRole::kSo ? CKU_SO : CKU_USER; }

/// Cryptoki's parameters are not const although they are not written.
CK_BYTE* bytes_of(BytesView view) {
  return const_cast<CK_BYTE*>(view.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace

DelegateToken::DelegateToken(std::shared_ptr<Module> module, CK_SLOT_ID slot)
    : module_(std::move(module)), slot_(slot) {}

DelegateToken::~DelegateToken() { close_session(); }

CK_SESSION_HANDLE DelegateToken::session() {
  if (session_ == 0) open_session();
  return session_;
}

void DelegateToken::open_session() {
  const auto open = KILT_FOREIGN(*module_, C_OpenSession);
  CK_RV rv = open(slot_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session_);
  if (rv == CKR_TOKEN_WRITE_PROTECTED || rv == CKR_SESSION_READ_ONLY)
    rv = open(slot_, CKF_SERIAL_SESSION, nullptr, nullptr, &session_);
  check("C_OpenSession", rv);
}

void DelegateToken::close_session() noexcept {
  const auto close = module_->functions().C_CloseSession;
  if (session_ != 0 && close != nullptr) close(session_);
  session_ = 0;
  logged_in_.reset();
}

CK_TOKEN_INFO DelegateToken::token_info() const {
  const auto info = module_->token_info(slot_);
  if (!info) throw CardRemoved("the module's token is gone");
  return *info;
}

Bytes DelegateToken::identity() {
  const CK_TOKEN_INFO info = token_info();
  Bytes identity = to_bytes(BytesView(info.serialNumber));
  append(identity, info.manufacturerID);
  return identity;
}

TokenInfo DelegateToken::info() {
  const CK_TOKEN_INFO about = token_info();
  TokenInfo info;
  info.family = "delegate";
  info.label = field(about.label);
  info.manufacturer = field(about.manufacturerID);
  info.model = field(about.model);
  info.serial = field(about.serialNumber);
  info.hardware = {about.hardwareVersion.major, about.hardwareVersion.minor};
  info.firmware = {about.firmwareVersion.major, about.firmwareVersion.minor};
  if (about.ulTotalPublicMemory != CK_UNAVAILABLE_INFORMATION)
    info.memory_total = about.ulTotalPublicMemory;
  if (about.ulFreePublicMemory != CK_UNAVAILABLE_INFORMATION)
    info.memory_free = about.ulFreePublicMemory;
  info.initialized = (about.flags & CKF_TOKEN_INITIALIZED) != 0;
  info.has_random = (about.flags & CKF_RNG) != 0;
  info.write_protected = (about.flags & CKF_WRITE_PROTECTED) != 0;
  return info;
}

const Capabilities& DelegateToken::capabilities() {
  if (!capabilities_) capabilities_ = read_capabilities(*module_, slot_, token_info().flags);
  return *capabilities_;
}

PinStatus DelegateToken::pin_status(PinRole role) {
  const CK_TOKEN_INFO info = token_info();
  const bool so = role == PinRole::kSo;
  const auto is = [&](CK_FLAGS user_flag, CK_FLAGS so_flag) {
    return (info.flags & (so ? so_flag : user_flag)) != 0;
  };
  PinStatus status;
  status.initialized = so || (info.flags & CKF_USER_PIN_INITIALIZED) != 0;
  status.blocked = is(CKF_USER_PIN_LOCKED, CKF_SO_PIN_LOCKED);
  status.count_low = is(CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW);
  if (is(CKF_USER_PIN_FINAL_TRY, CKF_SO_PIN_FINAL_TRY)) status.tries_left = 1;
  if (status.blocked) status.tries_left = 0;
  if (is(CKF_USER_PIN_TO_BE_CHANGED, CKF_SO_PIN_TO_BE_CHANGED)) status.factory = true;
  status.min_length = static_cast<unsigned>(std::min<CK_ULONG>(info.ulMinPinLen, 255));
  status.max_length = static_cast<unsigned>(std::min<CK_ULONG>(info.ulMaxPinLen, 255));
  return status;
}

void DelegateToken::login(PinRole role, const PinInput& pin) {
  const auto try_it = [&] {
    return KILT_FOREIGN(*module_, C_Login)(session(), user_type(role), bytes_of(pin.typed().view()),
                                           pin.typed().size());
  };
  CK_RV rv = try_it();
  // This process is logged in already; that says nothing about this PIN, and spent no try.
  if (rv == CKR_USER_ALREADY_LOGGED_IN || rv == CKR_USER_ANOTHER_ALREADY_LOGGED_IN) {
    check("C_Logout", KILT_FOREIGN(*module_, C_Logout)(session()));
    rv = try_it();
  }
  check("C_Login", rv);
  logged_in_ = role;
}

void DelegateToken::logout() {
  logged_in_.reset();
  if (session_ == 0) return;
  const CK_RV rv = KILT_FOREIGN(*module_, C_Logout)(session());
  if (rv != CKR_USER_NOT_LOGGED_IN) check("C_Logout", rv);
}

const ObjectList& DelegateToken::list() { return objects_.read(foreign()); }

PublicKey DelegateToken::read_public_key(const ObjectRef& ref) {
  return objects_.read_public_key(foreign(), ref);
}

Bytes DelegateToken::read_certificate(const ObjectRef& ref) {
  auto value = foreign().bytes(handle_of(ref, CKO_CERTIFICATE), CKA_VALUE);
  if (!value) throw MalformedAnswer("the module does not give the certificate");
  return *value;
}

Bytes DelegateToken::read_data(const ObjectRef& ref) {
  auto value = foreign().bytes(handle_of(ref, CKO_DATA), CKA_VALUE);
  if (!value) throw MalformedAnswer("the module does not give the data");
  return *value;
}

CK_OBJECT_HANDLE DelegateToken::private_handle(const Key& key) {
  const KeyHandles halves = objects_.key(foreign(), key.ref);
  if (halves.private_half == 0) throw ObjectNotFound("the key is no longer on the token");
  return halves.private_half;
}

Bytes DelegateToken::sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) {
  const CK_OBJECT_HANDLE handle = private_handle(key);
  SignMechanism mechanism(scheme, key.type, hash, input.size());
  check("C_SignInit", KILT_FOREIGN(*module_, C_SignInit)(session(), mechanism.get(), handle));
  Bytes signature(kMaxSignature);
  CK_ULONG size = signature.size();
  check("C_Sign", KILT_FOREIGN(*module_, C_Sign)(session(), bytes_of(input), input.size(),
                                                 signature.data(), &size));
  if (size > signature.size())
    throw MalformedAnswer("the module says its signature has an absurd length");
  signature.resize(size);
  if (scheme != SignScheme::kGost3410) return signature;
  return in_standard_order(read_public_key(key.ref), input, std::move(signature));
}

SecureBytes DelegateToken::decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                                   BytesView cryptogram) {
  const CK_OBJECT_HANDLE handle = private_handle(key);
  DecryptMechanism mechanism(scheme, hash);
  check("C_DecryptInit", KILT_FOREIGN(*module_, C_DecryptInit)(session(), mechanism.get(), handle));
  Bytes clear(kMaxSignature);
  CK_ULONG size = clear.size();
  const CK_RV rv = KILT_FOREIGN(*module_, C_Decrypt)(session(), bytes_of(cryptogram),
                                                     cryptogram.size(), clear.data(), &size);
  // By these, too, modules say that a padding is bad.
  if (rv == CKR_FUNCTION_FAILED || rv == CKR_GENERAL_ERROR || rv == CKR_DEVICE_ERROR)
    throw InvalidData("the module cannot decrypt this");
  check("C_Decrypt", rv);
  if (size > clear.size()) throw MalformedAnswer("the module says its text has an absurd length");
  clear.resize(size);
  return SecureBytes(std::move(clear));
}

SecureBytes DelegateToken::derive(const Key& key, BytesView point) {
  CK_ECDH1_DERIVE_PARAMS parameters{};
  parameters.kdf = CKD_NULL;
  parameters.pPublicData = bytes_of(point);
  parameters.ulPublicDataLen = point.size();
  CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
  Template wanted;
  wanted.number(CKA_CLASS, CKO_SECRET_KEY)
      .number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)
      .number(CKA_VALUE_LEN, (key.bits + 7) / 8)
      .flag(CKA_TOKEN, false)
      .flag(CKA_SENSITIVE, false)
      .flag(CKA_EXTRACTABLE, true);
  CK_OBJECT_HANDLE secret = 0;
  check("C_DeriveKey",
        KILT_FOREIGN(*module_, C_DeriveKey)(session(), &mechanism, private_handle(key),
                                            wanted.data(), wanted.size(), &secret));
  auto value = foreign().bytes(secret, CKA_VALUE);
  KILT_FOREIGN(*module_, C_DestroyObject)(session(), secret);
  if (!value || value->empty()) throw MalformedAnswer("the module does not give the secret");
  return SecureBytes(std::move(*value));
}

Bytes DelegateToken::random(std::size_t size) {
  if (size > kMaxRandom) throw InvalidData("too many random bytes at once");
  Bytes bytes(size);
  check("C_GenerateRandom",
        KILT_FOREIGN(*module_, C_GenerateRandom)(session(), bytes.data(), bytes.size()));
  return bytes;
}

void DelegateToken::change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) {
  // Cryptoki changes the PIN of the role that is logged in, the user's without a login.
  const bool log_in = role == PinRole::kSo && logged_in_ != PinRole::kSo;
  if (log_in) login(role, old_pin);
  const BytesView before = old_pin.typed().view(), after = new_pin.typed().view();
  const CK_RV rv = KILT_FOREIGN(*module_, C_SetPIN)(session(), bytes_of(before), before.size(),
                                                    bytes_of(after), after.size());
  if (log_in) logout();
  check("C_SetPIN", rv);
}

void DelegateToken::init_user_pin(const SecureBytes& new_pin) {
  check("C_InitPIN",
        KILT_FOREIGN(*module_, C_InitPIN)(session(), bytes_of(new_pin.view()), new_pin.size()));
}

void DelegateToken::format(const FormatRequest& request) {
  constexpr std::size_t kLabelSize = 32;
  if (request.erase_without_so_pin)
    throw NotSupported("a module erases a token only with the SO PIN");
  std::string label = request.label;
  label.resize(kLabelSize, ' ');
  Bytes name = to_bytes(std::string_view(label));
  close_session();
  const CK_RV rv = KILT_FOREIGN(*module_, C_InitToken)(slot_, bytes_of(request.so_pin.view()),
                                                       request.so_pin.size(), name.data());
  objects_.forget_keys();
  capabilities_.reset();
  check("C_InitToken", rv);
  if (request.user_pin.empty()) return;
  login(PinRole::kSo, request.so_pin.clone());
  init_user_pin(request.user_pin);
  logout();
}

}  // namespace kilt::delegate
