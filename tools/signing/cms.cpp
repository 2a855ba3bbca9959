#include "tools/signing/cms.h"

#include <exception>

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "tools/client/gost.h"
#include "tools/signing/cms_check.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/trust.h"

namespace kilt::tool {
namespace {

using CmsPtr = Owned<CMS_ContentInfo, CMS_ContentInfo_free>;

/// SigningCertificateV2 with one ESSCertIDv2 of the default hash, SHA-256.
Bytes signing_certificate(BytesView certificate) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(certificate.data(), certificate.size(), hash.data());
  return der_value(0x30, der_value(0x30, der_value(0x30, der_value(0x04, hash))));
}

/// Russian GOST keys' own algorithm.
std::string key_algorithm_oid(const KeyView& key) {
  const GostAlgorithm gost = gost_algorithm(key.spki);
  if (gost.hash == Hash::kStreebog512) return "1.2.643.7.1.1.1.2";
  return gost.hash == Hash::kStreebog256 ? "1.2.643.7.1.1.1.1" : "1.2.643.2.2.19";
}

/// The key's algorithm where CMS names it rather than the signature's (RFC 3370, RFC 4490).
void set_signature_algorithm(X509_ALGOR* target, const KeyView& key, const Signature& algorithm) {
  if (key.type == CKK_RSA)
    X509_ALGOR_set0(target, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, nullptr);
  else if (is_gost(key.type) && !gost_algorithm(key.spki).kazakh)
    X509_ALGOR_set0(target, object_of(key_algorithm_oid(key)).release(), V_ASN1_UNDEF, nullptr);
  else if (is_gost(key.type))  // as the CA's software has it
    X509_ALGOR_set0(target, object_of(algorithm.algorithm).release(), V_ASN1_NULL, nullptr);
  else
    X509_ALGOR_set0(target, object_of(algorithm.algorithm).release(), V_ASN1_UNDEF, nullptr);
}

void add_attributes(PKCS7_SIGNER_INFO* signer, const Bytes& hash, BytesView certificate) {
  need_openssl(PKCS7_add_signed_attribute(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
                                          OBJ_nid2obj(NID_pkcs7_data)) == 1,
               "CMS");
  ASN1_TIME* now = X509_gmtime_adj(nullptr, 0);
  need_openssl(PKCS7_add_signed_attribute(signer, NID_pkcs9_signingTime, now->type, now) == 1,
               "CMS");
  ASN1_OCTET_STRING* digest = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(digest, hash.data(), static_cast<int>(hash.size()));
  need_openssl(
      PKCS7_add_signed_attribute(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest) == 1,
      "CMS");
  const Bytes ess = signing_certificate(certificate);
  ASN1_STRING* sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
  ASN1_STRING_set(sequence, ess.data(), static_cast<int>(ess.size()));
  need_openssl(PKCS7_add_signed_attribute(signer, NID_id_smime_aa_signingCertificateV2,
                                          V_ASN1_SEQUENCE, sequence) == 1,
               "CMS");
}

constexpr Byte kSequence = 0x30;

CmsPtr parse(BytesView der) {
  const unsigned char* in = der.data();
  CmsPtr parsed(d2i_CMS_ContentInfo(nullptr, &in, static_cast<long>(der.size())));
  ERR_clear_error();
  return parsed;
}

std::optional<std::time_t> signing_time(const CMS_SignerInfo* info) {
  const int at = CMS_signed_get_attr_by_NID(info, NID_pkcs9_signingTime, -1);
  X509_ATTRIBUTE* attribute = at < 0 ? nullptr : CMS_signed_get_attr(info, at);
  const ASN1_TYPE* value = attribute == nullptr ? nullptr : X509_ATTRIBUTE_get0_type(attribute, 0);
  if (value == nullptr || (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME))
    return std::nullopt;
  std::tm parts{};
  if (ASN1_TIME_to_tm(value->value.asn1_string, &parts) != 1) return std::nullopt;
  return timegm(&parts);
}

/// What CMS_verify's errors say. Only the two comparisons that it makes say that a signature does
/// not fit: the hash with the attribute, and the signature with the key. Empties the queue.
Verification why_not_verified() {
  Verification state = Verification::kNotComputed;
  while (const unsigned long error = ERR_get_error()) {
    if (ERR_GET_LIB(error) != ERR_LIB_CMS) continue;
    const int reason = ERR_GET_REASON(error);
    if (reason == CMS_R_VERIFICATION_FAILURE || reason == CMS_R_MESSAGEDIGEST_WRONG_LENGTH)
      state = Verification::kDoesNotFit;
  }
  return state;
}

/// DER of the attributes as SET OF, which is what is signed (RFC 5652, 5.4).
Bytes signed_attributes(const PKCS7_SIGNER_INFO* signer) {
  unsigned char* der = nullptr;
  const int size = ASN1_item_i2d(reinterpret_cast<const ASN1_VALUE*>(signer->auth_attr),  // NOLINT
                                 &der, ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
  need_openssl(size > 0, "CMS");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

/// `content`: nullptr, if it is not to stand inside.
Bytes make(Session& session, const KeyView& key, BytesView certificate, const Bytes& digest,
           const BytesView* content) {
  const X509Ptr x509 = x509_of(certificate);
  const Signature algorithm = signature_algorithm(key);
  const Pkcs7Ptr pkcs7(PKCS7_new());
  need_openssl(PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed) == 1 &&
                   PKCS7_content_new(pkcs7.get(), NID_pkcs7_data) == 1,
               "CMS");
  if (content != nullptr)
    ASN1_OCTET_STRING_set(pkcs7->d.sign->contents->d.data, content->data(),
                          static_cast<int>(content->size()));
  Owned<PKCS7_SIGNER_INFO, PKCS7_SIGNER_INFO_free> owner(PKCS7_SIGNER_INFO_new());
  PKCS7_SIGNER_INFO* signer = owner.get();
  ASN1_INTEGER_set(signer->version, 1);
  X509_NAME_set(&signer->issuer_and_serial->issuer, X509_get_issuer_name(x509.get()));
  ASN1_INTEGER_free(signer->issuer_and_serial->serial);
  signer->issuer_and_serial->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(x509.get()));
  X509_ALGOR_set0(signer->digest_alg, object_of(algorithm.digest).release(),
                  algorithm.digest_null ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr);
  set_signature_algorithm(signer->digest_enc_alg, key, algorithm);
  add_attributes(signer, digest, certificate);
  const Signature signature = sign_data(session, key, signed_attributes(signer));
  ASN1_STRING_set(signer->enc_digest, signature.bits.data(),
                  static_cast<int>(signature.bits.size()));
  need_openssl(PKCS7_add_signer(pkcs7.get(), signer) == 1, "CMS");
  static_cast<void>(owner.release());
  need_openssl(PKCS7_add_certificate(pkcs7.get(), x509.get()) == 1, "CMS");
  if (content == nullptr) need_openssl(PKCS7_set_detached(pkcs7.get(), 1) == 1, "CMS");
  return to_der(pkcs7.get(), i2d_PKCS7);
}

Bytes time_stamp_of(const CMS_SignerInfo* info) {
  const int at = CMS_unsigned_get_attr_by_NID(info, NID_id_smime_aa_timeStampToken, -1);
  X509_ATTRIBUTE* attribute = at < 0 ? nullptr : CMS_unsigned_get_attr(info, at);
  const ASN1_TYPE* value = attribute == nullptr ? nullptr : X509_ATTRIBUTE_get0_type(attribute, 0);
  if (value == nullptr || value->type != V_ASN1_SEQUENCE) return {};
  const ASN1_STRING* der = value->value.sequence;
  return {ASN1_STRING_get0_data(der), ASN1_STRING_get0_data(der) + ASN1_STRING_length(der)};
}

CmsSigner signer_of(CMS_SignerInfo* info, Bytes certificate) {
  const ASN1_OCTET_STRING* bits = CMS_SignerInfo_get0_signature(info);
  return {
      std::move(certificate), signing_time(info),
      Bytes(ASN1_STRING_get0_data(bits), ASN1_STRING_get0_data(bits) + ASN1_STRING_length(bits)),
      time_stamp_of(info)};
}

/// A Content as OpenSSL reads one. No exception may pass through OpenSSL: it waits here.
class ContentBio {
 public:
  explicit ContentBio(Content& content) : content_(content), bio_(BIO_new(method())) {
    need_openssl(bio_ != nullptr, "BIO");
    BIO_set_data(bio_.get(), this);
    BIO_set_init(bio_.get(), 1);
  }
  [[nodiscard]] BIO* get() const noexcept { return bio_.get(); }
  void rethrow() const {
    if (trouble_) std::rethrow_exception(trouble_);
  }

 private:
  static BIO_METHOD* method() {
    static const Owned<BIO_METHOD, BIO_meth_free> kMethod = [] {
      Owned<BIO_METHOD, BIO_meth_free> made(BIO_meth_new(BIO_TYPE_SOURCE_SINK, "content"));
      BIO_meth_set_read(made.get(), read);
      BIO_meth_set_ctrl(made.get(), [](BIO*, int, long, void*) { return 0L; });
      return made;
    }();
    return kMethod.get();
  }
  static int read(BIO* bio, char* out, int size) noexcept {
    auto* self = static_cast<ContentBio*>(BIO_get_data(bio));
    try {
      return static_cast<int>(self->content_.read(
          {reinterpret_cast<Byte*>(out), static_cast<std::size_t>(size)}));  // NOLINT: characters
    } catch (...) {
      self->trouble_ = std::current_exception();
      return -1;
    }
  }

  Content& content_;
  std::exception_ptr trouble_;
  BioPtr bio_;
};

/// By OpenSSL's CMS, which knows every algorithm but GOST's.
void verify_with_openssl(CMS_ContentInfo* cms, Content* content, CmsVerdict& verdict) {
  std::optional<ContentBio> input;
  if (content != nullptr) input.emplace(*content);
  // What was named need not be kept: it may be of any size.
  const BioPtr output(BIO_new(content == nullptr ? BIO_s_mem() : BIO_s_null()));
  const StorePtr store = make_store({});
  const unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY;
  const bool good = CMS_verify(cms, nullptr, store.get(), input ? input->get() : nullptr,
                               output.get(), flags) == 1;
  verdict.signature = good ? Verification::kFits : why_not_verified();
  if (input) input->rethrow();
  if (content != nullptr) return;
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  verdict.content.assign(text, text + size);
}

}  // namespace

Bytes make_cms(Session& session, const KeyView& key, BytesView certificate, BytesView content) {
  return make(session, key, certificate, digest_data(key, content), &content);
}

Bytes make_detached_cms(Session& session, const KeyView& key, BytesView certificate,
                        const Bytes& digest) {
  return make(session, key, certificate, digest, nullptr);
}

Bytes cms_in(Bytes file) {
  const BioPtr bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    Bytes der(data, data + size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return der;
  }
  ERR_clear_error();
  Bytes text;
  for (const Byte byte : file)
    if (byte != '\n' && byte != '\r' && byte != ' ') text.push_back(byte);
  if (text.empty() || text.size() % 4 != 0 || text.front() == kSequence) return file;
  Bytes der(text.size() / 4 * 3);
  if (EVP_DecodeBlock(der.data(), text.data(), static_cast<int>(text.size())) < 0) {
    ERR_clear_error();
    return file;
  }
  for (auto last = text.rbegin(); last != text.rend() && *last == '='; ++last) der.pop_back();
  return der;
}

bool is_cms(BytesView der) {
  const CmsPtr parsed = parse(der);
  return parsed && OBJ_obj2nid(CMS_get0_type(parsed.get())) == NID_pkcs7_signed;
}

CmsVerdict verify_cms(BytesView cms, Content* content) {
  const CmsPtr parsed = parse(cms);
  if (!parsed || OBJ_obj2nid(CMS_get0_type(parsed.get())) != NID_pkcs7_signed)
    throw Failure(Kind::kBadInput, tr("This is no CMS signature, or it is damaged."));
  if (CMS_is_detached(parsed.get()) == 1 && content == nullptr)
    throw Failure(Kind::kUsage, tr("The signature is detached: name the file that was signed."));
  CmsVerdict verdict;
  std::optional<std::vector<Bytes>> computed_with;
  if (has_gost_signer(cms)) {
    CheckedCms checked = check_cms(cms, content);
    verdict.signature = checked.good ? Verification::kFits : Verification::kDoesNotFit;
    verdict.content = std::move(checked.content);
    computed_with = std::move(checked.signers);
  } else {
    verify_with_openssl(parsed.get(), content, verdict);
  }
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }>
      included(CMS_get1_certs(parsed.get()));
  for (int i = 0; included && i < sk_X509_num(included.get()); ++i)
    verdict.included.push_back(to_der(sk_X509_value(included.get(), i), i2d_X509));
  STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(parsed.get());
  for (int i = 0; i < sk_CMS_SignerInfo_num(infos); ++i) {
    CMS_SignerInfo* info = sk_CMS_SignerInfo_value(infos, i);
    X509* certificate = nullptr;
    CMS_SignerInfo_get0_algs(info, nullptr, &certificate, nullptr, nullptr);
    // Who signed is whose key the signature fits, not whom OpenSSL would take for the same name.
    if (computed_with)
      verdict.signers.push_back(signer_of(info, computed_with->at(static_cast<std::size_t>(i))));
    else if (certificate != nullptr)  // else not in the message: nothing was computed for it
      verdict.signers.push_back(signer_of(info, to_der(certificate, i2d_X509)));
  }
  ERR_clear_error();
  return verdict;
}

}  // namespace kilt::tool
