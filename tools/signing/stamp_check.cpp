#include "tools/signing/stamp_check.h"

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ts.h>

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/pkcs12_format.h"
#include "tools/signing/cms_check.h"
#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {
namespace {

using InfoPtr = Owned<TS_TST_INFO, TS_TST_INFO_free>;

constexpr const char* kTstInfo = "1.2.840.113549.1.9.16.1.4";
constexpr const char* kTimeStamping = "1.3.6.1.5.5.7.3.8";

[[noreturn]] void wrong(const std::string& why) { throw Failure(Kind::kBadInput, why); }

void check_imprint(TS_TST_INFO* info, BytesView signature) {
  TS_MSG_IMPRINT* imprint = TS_TST_INFO_get_msg_imprint(info);
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, TS_MSG_IMPRINT_get_algo(imprint));
  const Bytes oid = to_der(algorithm, i2d_ASN1_OBJECT);
  Hash hash = crypto::gost_hash_named(oid);
  if (hash == Hash::kNone) hash = crypto::pkcs12::hash_named(oid);
  if (hash == Hash::kNone)
    throw Failure(Kind::kUnsupported, tr("The hash of a signature is not known here."));
  const ASN1_OCTET_STRING* value = TS_MSG_IMPRINT_get_msg(imprint);
  const BytesView stamped(ASN1_STRING_get0_data(value),
                          static_cast<std::size_t>(ASN1_STRING_length(value)));
  if (!std::ranges::equal(plain(crypto::digest(hash, signature)), stamped))
    wrong(tr("it is of another signature"));
}

}  // namespace

CheckedStamp check_stamp(BytesView token, BytesView signature) {
  const CheckedCms cms = check_cms(token, nullptr);
  const ObjectPtr type = object_of(kTstInfo);
  if (!cms.good || cms.signers.size() != 1 ||
      cms.content_type != to_der(type.get(), i2d_ASN1_OBJECT))
    wrong(tr("its own signature does not fit"));
  const unsigned char* in = cms.content.data();
  const InfoPtr info(d2i_TS_TST_INFO(nullptr, &in, static_cast<long>(cms.content.size())));
  ERR_clear_error();
  std::tm parts{};
  if (!info || ASN1_TIME_to_tm(TS_TST_INFO_get_time(info.get()), &parts) != 1)
    wrong(tr("it is damaged"));
  check_imprint(info.get(), signature);
  CheckedStamp checked{timegm(&parts), cms.signers.front(), cms.certificates};
  const CertificateInfo service = parse_certificate(checked.signer);
  if (std::ranges::find(service.extended_usage, kTimeStamping) == service.extended_usage.end())
    wrong(tr("its certificate is not for time stamps"));
  return checked;
}

}  // namespace kilt::tool
