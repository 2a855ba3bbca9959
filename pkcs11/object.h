// Objects as an application sees them: a handle, a class, attributes.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "drivers/objects.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/host_crypto.h"

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
  virtual std::optional<host::CertificateFields> certificate_of(const Bytes& id) = 0;
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
  static AttributeValue of_text(const std::string& text) { return of(to_bytes(text)); }
  static AttributeValue sensitive() { return {Kind::kSensitive, {}}; }
  static AttributeValue invalid() { return {}; }
};

class Object {
 public:
  Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;
  virtual ~Object() = default;

  [[nodiscard]] virtual CK_OBJECT_CLASS object_class() const = 0;
  [[nodiscard]] virtual bool is_private() const = 0;
  [[nodiscard]] virtual bool on_token() const { return true; }
  /// The object shows other contents now (label changed elsewhere, …); same identity.
  [[nodiscard]] virtual AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) = 0;
};

using Handle = CK_OBJECT_HANDLE;
using ObjectPtr = std::shared_ptr<Object>;

/// One half of a key pair.
class KeyObject : public Object {
 public:
  KeyObject(Key key, bool private_half) : key_(std::move(key)), private_half_(private_half) {
    if (!std::holds_alternative<std::monostate>(key_.public_key)) public_key_ = key_.public_key;
  }
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override {
    return private_half_ ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
  }
  [[nodiscard]] bool is_private() const override { return private_half_; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  [[nodiscard]] const Key& key() const noexcept { return key_; }
  /// The public half, read at most once.
  const PublicKey& public_key(Loader& loader);
  /// The public half if it was read already.
  [[nodiscard]] const std::optional<PublicKey>& known_public_key() const noexcept {
    return public_key_;
  }

 private:
  [[nodiscard]] AttributeValue common(CK_ATTRIBUTE_TYPE type, Loader& loader);
  [[nodiscard]] AttributeValue private_attribute(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] AttributeValue public_attribute(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] AttributeValue material(CK_ATTRIBUTE_TYPE type, Loader& loader);
  [[nodiscard]] AttributeValue own_id(Loader& loader) const;

  Key key_;
  bool private_half_;
  std::optional<PublicKey> public_key_;
};

class CertificateObject : public Object {
 public:
  explicit CertificateObject(Certificate certificate) : certificate_(std::move(certificate)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_CERTIFICATE; }
  [[nodiscard]] bool is_private() const override { return certificate_.is_private; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  [[nodiscard]] const Certificate& certificate() const noexcept { return certificate_; }
  /// DER, read at most once.
  const Bytes& der(Loader& loader);
  /// Parsed fields; empty ones if the bytes are no certificate.
  const host::CertificateFields& fields(Loader& loader);

 private:
  Certificate certificate_;
  std::optional<Bytes> der_;
  std::optional<host::CertificateFields> fields_;
};

class DataObjectView : public Object {
 public:
  explicit DataObjectView(DataObject data) : data_(std::move(data)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_DATA; }
  [[nodiscard]] bool is_private() const override { return data_.is_private; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  [[nodiscard]] const DataObject& data() const noexcept { return data_; }

 private:
  DataObject data_;
  std::optional<Bytes> value_;
};

/// An object that lives in a session only: what the application gave, kept as it is.
class SessionObject : public Object {
 public:
  using Attributes = std::map<CK_ATTRIBUTE_TYPE, Bytes>;
  explicit SessionObject(Attributes attributes) : attributes_(std::move(attributes)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override;
  [[nodiscard]] bool is_private() const override;
  [[nodiscard]] bool on_token() const override { return false; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  /// An RSA or EC public key made of the attributes; std::monostate if they do not make one.
  [[nodiscard]] PublicKey public_key() const;
  void set(CK_ATTRIBUTE_TYPE type, Bytes value) { attributes_[type] = std::move(value); }
  [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }

 private:
  [[nodiscard]] const Bytes* find(CK_ATTRIBUTE_TYPE type) const;
  /// A secret key's value that C_GetAttributeValue does not give.
  [[nodiscard]] bool hides_value() const;
  Attributes attributes_;
};

/// CK_ULONG in an attribute's bytes; nothing if the length is wrong.
[[nodiscard]] std::optional<CK_ULONG> to_ulong(BytesView value) noexcept;
/// CK_BBOOL in an attribute's bytes; nothing if the length is wrong.
[[nodiscard]] std::optional<bool> to_bool(BytesView value) noexcept;

}  // namespace kilt::p11
