#include "tools/signing/pkcs10.h"

#include <openssl/err.h>

#include "tools/client/gost.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

using Extensions = Owned<STACK_OF(X509_EXTENSION), [](STACK_OF(X509_EXTENSION) * stack) {
  sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free);
}>;

/// Names that people and the CA write, beside OpenSSL's.
int attribute_nid(const std::string& key) {
  if (key == "SURNAME") return NID_surname;
  if (key == "GIVENNAME" || key == "G" || key == "GN") return NID_givenName;
  if (key == "SERIALNUMBER") return NID_serialNumber;
  if (key == "E" || key == "EMAIL") return NID_pkcs9_emailAddress;
  return OBJ_txt2nid(key.c_str());
}

void add_entry(X509_NAME* name, const std::string& key, const std::string& value) {
  const int nid = attribute_nid(key);
  if (nid == NID_undef) {
    ERR_clear_error();
    throw Failure(Kind::kUsage, tr("The subject has an unknown attribute: {0}", clean(key)));
  }
  if (value.empty()) return;
  // OpenSSL's table chooses PrintableString for C and serialNumber, UTF8String elsewhere.
  if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, view(value).data(),
                                 static_cast<int>(value.size()), -1, 0) != 1)
    throw Failure(Kind::kUsage, tr("The subject's attribute {0} has an impossible value: {1}",
                                   clean(key), openssl_errors()));
}

void push(STACK_OF(X509_EXTENSION) * stack, const std::string& oid, const Bytes& value) {
  const OctetStringPtr octets(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(octets.get(), value.data(), static_cast<int>(value.size()));
  const ObjectPtr object = object_of(oid);
  X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 0, octets.get());
  need_openssl(extension != nullptr, "extension");
  sk_X509_EXTENSION_push(stack, extension);
}

/// GeneralNames with one rfc822Name.
Bytes email_name(const std::string& email) {
  for (const char c : email)
    if (c <= 0x20 || c >= 0x7F)
      throw Failure(Kind::kUsage, tr("'{0}' is no e-mail address.", clean(email)));
  if (email.find('@') == std::string::npos)
    throw Failure(Kind::kUsage, tr("'{0}' is no e-mail address.", clean(email)));
  return der_value(0x30, der_value(0x81, view(email)));  // [1] IMPLICIT IA5String
}

/// SEQUENCE { OBJECT IDENTIFIER, UTF8String OPTIONAL }
Bytes storage_value(const RequestPlan& plan) {
  const ObjectPtr object = object_of(plan.storage_oid);
  Bytes fields = to_der(object.get(), i2d_ASN1_OBJECT);
  if (!plan.storage_folder.empty()) {
    const Bytes folder = der_value(0x0C, view(plan.storage_folder));
    fields.insert(fields.end(), folder.begin(), folder.end());
  }
  return der_value(0x30, fields);
}

void set_public_key(X509_REQ* request, const Bytes& spki) {
  // X509_REQ takes only keys that OpenSSL knows; its X509_PUBKEY takes any.
  const unsigned char* in = spki.data();
  const X509PubkeyPtr key(d2i_X509_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  need_openssl(key != nullptr, "SPKI");
  const unsigned char* bits = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY_get0_param(nullptr, &bits, &size, &algorithm, key.get());
  const ASN1_OBJECT* oid = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&oid, &type, &value, algorithm);
  void* parameters = nullptr;
  if (type == V_ASN1_OBJECT)
    parameters = OBJ_dup(static_cast<const ASN1_OBJECT*>(value));
  else if (type != V_ASN1_NULL && type != V_ASN1_UNDEF)
    parameters = ASN1_STRING_dup(static_cast<const ASN1_STRING*>(value));
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bits, static_cast<std::size_t>(size)));
  need_openssl(X509_PUBKEY_set0_param(X509_REQ_get_X509_PUBKEY(request), OBJ_dup(oid), type,
                                      parameters, copy, size) == 1,
               "SPKI");
}

}  // namespace

X509NamePtr parse_name(const std::string& text) {
  X509NamePtr name(X509_NAME_new());
  const char separator = text.starts_with('/') ? '/' : ',';
  std::string key;
  std::string value;
  bool in_value = false;
  const auto finish = [&] {
    key.erase(0, key.find_first_not_of(' ') == std::string::npos ? key.size()
                                                                 : key.find_first_not_of(' '));
    if (key.empty() && value.empty()) return;
    if (!in_value) throw Failure(Kind::kUsage, tr("The subject lacks a '=': {0}", clean(key)));
    value.erase(value.find_last_not_of(' ') + 1);
    add_entry(name.get(), key, value);
  };
  for (std::size_t i = separator == '/' ? 1 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      (in_value ? value : key) += text[++i];
    } else if (c == separator) {
      finish();
      key.clear();
      value.clear();
      in_value = false;
    } else if (c == '=' && !in_value) {
      in_value = true;
    } else {
      (in_value ? value : key) += c;
    }
  }
  finish();
  if (X509_NAME_entry_count(name.get()) == 0)
    throw Failure(Kind::kUsage, tr("The subject is empty."),
                  tr("For example: --subject \"CN=IVANOV IVAN,SURNAME=IVANOV,C=KZ\""));
  return name;
}

X509NamePtr subject_of(BytesView certificate) {
  const X509Ptr x509 = x509_of(certificate);
  return X509NamePtr(X509_NAME_dup(X509_get_subject_name(x509.get())));
}

Bytes make_request(Session& session, const KeyView& key, const RequestPlan& plan) {
  if (key.spki.empty())
    throw Failure(Kind::kUnsupported, tr("The token does not give the public key."));
  const X509ReqPtr request(X509_REQ_new());
  need_openssl(X509_REQ_set_version(request.get(), 0) == 1 &&
                   X509_REQ_set_subject_name(request.get(), plan.subject.get()) == 1,
               "PKCS#10");
  set_public_key(request.get(), key.spki);
  const Extensions extensions(sk_X509_EXTENSION_new_null());
  if (!plan.email.empty()) push(extensions.get(), "2.5.29.17", email_name(plan.email));
  if (!plan.storage_oid.empty()) push(extensions.get(), kStorageExtensionOid, storage_value(plan));
  if (sk_X509_EXTENSION_num(extensions.get()) > 0)
    need_openssl(X509_REQ_add_extensions(request.get(), extensions.get()) == 1, "PKCS#10");
  const Bytes to_be_signed = to_der(request.get(), i2d_re_X509_REQ_tbs);
  const Signature signature = sign_data(session, key, to_be_signed);
  const X509AlgorPtr algorithm =
      algorithm_identifier(signature.algorithm, signature.null_parameters);
  need_openssl(X509_REQ_set1_signature_algo(request.get(), algorithm.get()) == 1, "PKCS#10");
  BitStringPtr bits(ASN1_BIT_STRING_new());
  ASN1_BIT_STRING_set(bits.get(), as_input(signature.bits),
                      static_cast<int>(signature.bits.size()));
  bits->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07L);
  bits->flags |= ASN1_STRING_FLAG_BITS_LEFT;  // no unused bits
  X509_REQ_set0_signature(request.get(), bits.release());
  return to_der(request.get(), i2d_X509_REQ);
}

}  // namespace kilt::tool
