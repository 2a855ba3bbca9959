// Objects as an application sees them: a handle, a class, attributes.
#pragma once

#include <memory>
#include <optional>

#include "drivers/crypto/x509.h"
#include "drivers/token.h"
#include "pkcs11/cryptoki.h"

namespace kilt::p11 {

struct TokenStatus;

/// Brings values that lie on the token and were not read so far. Calls may cost APDUs.
class Loader {
 public:
  Loader() = default;
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  virtual ~Loader() = default;
  virtual PublicKey load_public_key(const Key& key) = 0;
  virtual Bytes load_certificate(const Certificate& certificate) = 0;
  virtual Bytes load_data(const DataObject& data) = 0;
  /// Fields of the certificate that has this CKA_ID, if there is one.
  virtual std::optional<x509::Fields> certificate_of(const Bytes& id) = 0;
  /// What the token status object shows.
  virtual TokenStatus load_status() = 0;
  /// Bytes that identify the token.
  [[nodiscard]] virtual const Bytes& token_identity() const noexcept = 0;
};

/// What C_GetAttributeValue may say of one attribute.
struct AttributeValue {
  enum class Kind { kValue, kSensitive, kInvalid };
  Kind kind = Kind::kInvalid;
  Bytes value;

  static AttributeValue of(Bytes bytes) { return {Kind::kValue, std::move(bytes)}; }
  static AttributeValue of_bool(bool flag);
  static AttributeValue of_ulong(CK_ULONG number);
  static AttributeValue of_ulongs(const std::vector<CK_ULONG>& numbers);
  static AttributeValue of_text(const std::string& text) { return of(to_bytes(text)); }
  static AttributeValue sensitive() { return {Kind::kSensitive, {}}; }
  static AttributeValue invalid() { return {}; }
};

using Handle = CK_OBJECT_HANDLE;

class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  [[nodiscard]] virtual CK_OBJECT_CLASS object_class() const = 0;
  [[nodiscard]] virtual bool is_private() const = 0;
  [[nodiscard]] virtual bool on_token() const { return true; }
  [[nodiscard]] virtual AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) = 0;

  /// Deletes it from the token. Throws Refusal(CKR_ACTION_PROHIBITED) for what is not stored there.
  virtual void destroy(Token& token) const;
  /// Changes what may change. Throws Refusal(CKR_ATTRIBUTE_READ_ONLY) for what is not stored there.
  virtual void change(Token& token, const ObjectChange& change) const;
  /// Under which handle applications know it; 0: under none so far.
  [[nodiscard]] Handle handle() const noexcept { return handle_; }
  void set_handle(Handle handle) noexcept { handle_ = handle; }
  /// `now` stands in this object's place after the token may have been written to. True if it
  /// is surely the same object: what makes it this one (public key, certificate, value) was read of
  /// this one, and is read of `now` if need be.
  [[nodiscard]] virtual bool is_still(Object& now, Loader& loader);
  /// Takes over what was read of the same object before.
  virtual void adopt(const Object& before);

 private:
  Handle handle_ = 0;
};

using ObjectPtr = std::shared_ptr<Object>;

/// CK_ULONG in an attribute's bytes; nothing if the length is wrong.
[[nodiscard]] std::optional<CK_ULONG> to_ulong(BytesView value) noexcept;
/// CK_BBOOL in an attribute's bytes; nothing if the length is wrong.
[[nodiscard]] std::optional<bool> to_bool(BytesView value) noexcept;

}  // namespace kilt::p11
