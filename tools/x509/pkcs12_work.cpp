#include "tools/x509/pkcs12_work.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>

#include "tools/terminal/text.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

/// The file may make the computer count as long as it likes: RFC 8018, 4.2, and no signal is heard
/// meanwhile. The CA's software writes a few thousand.
constexpr long kMaxIterations = 1000000;

void check_iterations(long iterations) {
  if (iterations < 0 || iterations > kMaxIterations)
    throw Failure(Kind::kBadInput,
                  tr("The PKCS#12 file demands {0} iterations for its password; at most {1} are "
                     "counted.",
                     iterations, kMaxIterations));
}

long number_of(const ASN1_INTEGER* number) {
  return number == nullptr ? 1 : ASN1_INTEGER_get(number);
}

/// The iterations that an AlgorithmIdentifier of PKCS#5 or PKCS#12 demands.
void check_algorithm(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  int type = 0;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return;
  const auto* sequence = static_cast<const ASN1_STRING*>(value);
  if (OBJ_obj2nid(object) != NID_pbes2) {
    const Owned<PBEPARAM, PBEPARAM_free> pbe(
        static_cast<PBEPARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBEPARAM))));
    if (pbe) check_iterations(number_of(pbe->iter));
    return;
  }
  const Owned<PBE2PARAM, PBE2PARAM_free> pbes2(
      static_cast<PBE2PARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBE2PARAM))));
  if (!pbes2) return;
  X509_ALGOR_get0(&object, &type, &value, pbes2->keyfunc);
  if (type != V_ASN1_SEQUENCE) return;
  sequence = static_cast<const ASN1_STRING*>(value);
  if (OBJ_obj2nid(object) == NID_id_pbkdf2) {
    const Owned<PBKDF2PARAM, PBKDF2PARAM_free> pbkdf2(
        static_cast<PBKDF2PARAM*>(ASN1_item_unpack(sequence, ASN1_ITEM_rptr(PBKDF2PARAM))));
    if (pbkdf2) check_iterations(number_of(pbkdf2->iter));
  } else {
    throw Failure(Kind::kBadInput, tr("The PKCS#12 file cannot be read: {0}", dotted(object)));
  }
}

using Bags = Owned<STACK_OF(PKCS12_SAFEBAG), [](STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}>;

void check_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, int depth = 0) {
  constexpr int kMaxDepth = 8;
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
    const PKCS12_SAFEBAG* bag = sk_PKCS12_SAFEBAG_value(bags, i);
    if (const X509_SIG* shrouded = PKCS12_SAFEBAG_get0_pkcs8(bag); shrouded != nullptr) {
      const X509_ALGOR* algorithm = nullptr;
      X509_SIG_get0(shrouded, &algorithm, nullptr);
      check_algorithm(algorithm);
    }
    if (PKCS12_SAFEBAG_get_nid(bag) != NID_safeContentsBag) continue;
    if (depth == kMaxDepth)
      throw Failure(Kind::kBadInput, tr("The PKCS#12 file cannot be read: {0}", "depth"));
    check_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
  }
}

}  // namespace

void check_pkcs12_work(PKCS12* file, const Secret& terminated) {
  if (PKCS12_mac_present(file) == 1) {
    const ASN1_INTEGER* iterations = nullptr;
    PKCS12_get0_mac(nullptr, nullptr, nullptr, &iterations, file);
    check_iterations(number_of(iterations));
  }
  const Owned<STACK_OF(PKCS7),
              [](STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }>
      safes(PKCS12_unpack_authsafes(file));
  for (int i = 0; safes && i < sk_PKCS7_num(safes.get()); ++i) {
    PKCS7* safe = sk_PKCS7_value(safes.get(), i);
    Bags bags;
    if (PKCS7_type_is_data(safe)) {
      bags.reset(PKCS12_unpack_p7data(safe));
    } else if (PKCS7_type_is_encrypted(safe) && safe->d.encrypted != nullptr) {
      check_algorithm(safe->d.encrypted->enc_data->algorithm);
      const char* password = reinterpret_cast<const char*>(terminated.bytes().data());  // NOLINT
      bags.reset(PKCS12_unpack_p7encdata(safe, password, static_cast<int>(terminated.size()) - 1));
    }
    if (bags) check_bags(bags.get());
  }
  ERR_clear_error();
}

}  // namespace kilt::tool
