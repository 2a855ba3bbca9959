#include "tools/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include "tools/gost.h"
#include "tools/text.h"
#include "tools/trust.h"
#include "tools/x509.h"

namespace kilt::tool {
namespace {

using CmsPtr = Owned<CMS_ContentInfo, CMS_ContentInfo_free>;

/// SigningCertificateV2 with one ESSCertIDv2 of the default hash, SHA-256.
Bytes signing_certificate(BytesView certificate) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(certificate.data(), certificate.size(), hash.data());
  return der_value(0x30, der_value(0x30, der_value(0x30, der_value(0x04, hash))));
}

/// The key's algorithm where CMS names it rather than the signature's (RFC 3370, RFC 4490).
void set_signature_algorithm(X509_ALGOR* target, const KeyView& key, const Signature& algorithm) {
  if (key.type == CKK_RSA)
    X509_ALGOR_set0(target, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, nullptr);
  else if (key.type == CKK_GOSTR3410)
    X509_ALGOR_set0(target, object_of("1.2.643.2.2.19").release(), V_ASN1_UNDEF, nullptr);
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

}  // namespace

Bytes make_cms(Session& session, const KeyView& key, BytesView certificate, BytesView content,
               CmsForm form) {
  const X509Ptr x509 = x509_of(certificate);
  const Signature algorithm = signature_algorithm(key);
  const Pkcs7Ptr pkcs7(PKCS7_new());
  need_openssl(PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed) == 1 &&
                   PKCS7_content_new(pkcs7.get(), NID_pkcs7_data) == 1,
               "CMS");
  if (form == CmsForm::kAttached)
    ASN1_OCTET_STRING_set(pkcs7->d.sign->contents->d.data, content.data(),
                          static_cast<int>(content.size()));
  Owned<PKCS7_SIGNER_INFO, PKCS7_SIGNER_INFO_free> owner(PKCS7_SIGNER_INFO_new());
  PKCS7_SIGNER_INFO* signer = owner.get();
  ASN1_INTEGER_set(signer->version, 1);
  X509_NAME_set(&signer->issuer_and_serial->issuer, X509_get_issuer_name(x509.get()));
  ASN1_INTEGER_free(signer->issuer_and_serial->serial);
  signer->issuer_and_serial->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(x509.get()));
  X509_ALGOR_set0(signer->digest_alg, object_of(algorithm.digest).release(),
                  algorithm.digest_null ? V_ASN1_NULL : V_ASN1_UNDEF, nullptr);
  set_signature_algorithm(signer->digest_enc_alg, key, algorithm);
  add_attributes(signer, digest_data(session, key, content), certificate);
  const Signature signature = sign_data(session, key, signed_attributes(signer));
  ASN1_STRING_set(signer->enc_digest, signature.bits.data(),
                  static_cast<int>(signature.bits.size()));
  need_openssl(PKCS7_add_signer(pkcs7.get(), signer) == 1, "CMS");
  static_cast<void>(owner.release());
  need_openssl(PKCS7_add_certificate(pkcs7.get(), x509.get()) == 1, "CMS");
  if (form == CmsForm::kDetached) need_openssl(PKCS7_set_detached(pkcs7.get(), 1) == 1, "CMS");
  return to_der(pkcs7.get(), i2d_PKCS7);
}

CmsVerdict verify_cms(BytesView cms, const Bytes* content, const std::vector<Bytes>& trusted) {
  const unsigned char* in = cms.data();
  const CmsPtr parsed(d2i_CMS_ContentInfo(nullptr, &in, static_cast<long>(cms.size())));
  if (!parsed || OBJ_obj2nid(CMS_get0_type(parsed.get())) != NID_pkcs7_signed) {
    ERR_clear_error();
    throw Failure(Kind::kBadInput, tr("This is no CMS signature, or it is damaged."));
  }
  if (CMS_is_detached(parsed.get()) == 1 && content == nullptr)
    throw Failure(Kind::kUsage, tr("The signature is detached: name the file that was signed."));
  const StorePtr store = make_store(trusted);
  const BioPtr input(content == nullptr
                         ? nullptr
                         : BIO_new_mem_buf(content->data(), static_cast<int>(content->size())));
  const BioPtr output(BIO_new(BIO_s_mem()));
  CmsVerdict verdict;
  const unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY;
  verdict.signature =
      CMS_verify(parsed.get(), nullptr, store.get(), input.get(), output.get(), flags) == 1;
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (!verdict.signature && (ERR_GET_REASON(error) == CMS_R_UNKNOWN_DIGEST_ALGORITHM ||
                             ERR_GET_REASON(error) == CMS_R_NO_MATCHING_DIGEST))
    throw Failure(Kind::kUnsupported, tr("OpenSSL does not know the signature's algorithm."),
                  tr("For GOST: openssl cms -verify -engine gost"));
  char* text = nullptr;
  const long size = BIO_get_mem_data(output.get(), &text);
  verdict.content.assign(text, text + size);
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }> signers(
      CMS_get0_signers(parsed.get()));
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }>
      included(CMS_get1_certs(parsed.get()));
  std::vector<Bytes> intermediate;
  for (int i = 0; included && i < sk_X509_num(included.get()); ++i)
    intermediate.push_back(to_der(sk_X509_value(included.get(), i), i2d_X509));
  for (int i = 0; signers && i < sk_X509_num(signers.get()); ++i) {
    verdict.signers.push_back(to_der(sk_X509_value(signers.get(), i), i2d_X509));
    if (!trusted.empty())
      verdict.chain = check_chain(verdict.signers.back(), trusted, intermediate);
  }
  return verdict;
}

}  // namespace kilt::tool
