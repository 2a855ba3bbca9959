// Certificates of a token (PKCS#11 v2.40, 4.6).
#pragma once

#include "pkcs11/object.h"

namespace kilt::p11 {

class CertificateObject : public Object {
 public:
  explicit CertificateObject(Certificate certificate) : certificate_(std::move(certificate)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_CERTIFICATE; }
  [[nodiscard]] bool is_private() const override { return certificate_.is_private; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  void destroy(Token& token) const override { token.delete_certificate(certificate_.ref); }
  void change(Token& token, const ObjectChange& change) const override {
    token.change_certificate(certificate_.ref, change);
  }
  [[nodiscard]] const Certificate& certificate() const noexcept { return certificate_; }
  /// DER, read at most once.
  const Bytes& der(Loader& loader);
  /// Parsed fields; empty ones if the bytes are no certificate.
  const x509::Fields& fields(Loader& loader);
  [[nodiscard]] bool is_still(Object& now, Loader& loader) override;
  void adopt(const Object& before) override;

 private:
  Certificate certificate_;
  std::optional<Bytes> der_;
  std::optional<x509::Fields> fields_;
};

}  // namespace kilt::p11
