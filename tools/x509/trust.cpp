#include "tools/x509/trust.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_chain.h"

namespace kilt::tool {

StorePtr make_store(const std::vector<Bytes>& trusted) {
  StorePtr store(X509_STORE_new());
  for (const Bytes& der : trusted) {
    const X509Ptr certificate = x509_of(der);
    need_openssl(X509_STORE_add_cert(store.get(), certificate.get()) == 1, "store");
  }
  // A CA's intermediate in the file is trusted as well as a root.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return store;
}

Chain check_chain(BytesView certificate, const std::vector<Bytes>& trusted,
                  const std::vector<Bytes>& intermediate, std::optional<std::time_t> at) {
  if (is_signed_by_gost(certificate))
    return check_gost_chain(certificate, trusted, intermediate, at);
  const StorePtr store = make_store(trusted);
  const X509Ptr leaf = x509_of(certificate);
  std::vector<X509Ptr> others;
  const Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }> stack(
      sk_X509_new_null());
  for (const Bytes& der : intermediate) {
    others.push_back(x509_of(der));
    sk_X509_push(stack.get(), others.back().get());
  }
  const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
  need_openssl(X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), stack.get()) == 1,
               "chain");
  if (at)
    X509_STORE_CTX_set_time(context.get(), 0, *at);
  else
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
  if (X509_verify_cert(context.get()) != 1) {
    const char* why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
    ERR_clear_error();
    throw Failure(Kind::kBadInput,
                  tr("The certificate's chain is not complete or not right: {0}", why),
                  tr("Give the CA's certificates with --ca; they are on pki.gov.kz."));
  }
  Chain result;
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* one = sk_X509_value(chain, i);
    result.certificates.push_back(to_der(one, i2d_X509));
    if (i == 0) continue;
    if (!result.text.empty()) result.text += " ← ";
    result.text += name_line(X509_get_subject_name(one));
  }
  if (result.text.empty()) result.text = tr("trusted itself");
  return result;
}

bool same_issuer(BytesView one, BytesView other) {
  const X509Ptr first = x509_of(one);
  const X509Ptr second = x509_of(other);
  if (X509_NAME_cmp(X509_get_issuer_name(first.get()), X509_get_issuer_name(second.get())) != 0)
    return false;
  const ASN1_OCTET_STRING* key = X509_get0_authority_key_id(first.get());
  const ASN1_OCTET_STRING* other_key = X509_get0_authority_key_id(second.get());
  if (key == nullptr || other_key == nullptr) return key == other_key;
  return ASN1_OCTET_STRING_cmp(key, other_key) == 0;
}

}  // namespace kilt::tool
