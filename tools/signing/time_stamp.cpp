#include "tools/signing/time_stamp.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ts.h>

#include "tools/terminal/text.h"
#include "tools/x509/http.h"

namespace kilt::tool {
namespace {

using RequestPtr = Owned<TS_REQ, TS_REQ_free>;
using ResponsePtr = Owned<TS_RESP, TS_RESP_free>;
using ImprintPtr = Owned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free>;
using InfoPtr = Owned<TS_TST_INFO, TS_TST_INFO_free>;
using IntegerPtr = Owned<ASN1_INTEGER, ASN1_INTEGER_free>;

[[noreturn]] void no_stamp(const std::string& why) {
  ERR_clear_error();
  throw Failure(Kind::kBadInput, tr("There is no time stamp: {0}", why),
                tr("Try again later, or sign without a time stamp."));
}

RequestPtr make_request(const StampQuestion& question, const ASN1_INTEGER* nonce) {
  RequestPtr request(TS_REQ_new());
  const ImprintPtr imprint(TS_MSG_IMPRINT_new());
  const X509AlgorPtr algorithm(X509_ALGOR_new());
  X509_ALGOR_set0(algorithm.get(), object_of(question.digest_oid).release(), V_ASN1_NULL, nullptr);
  Bytes hash = question.imprint;
  need_openssl(
      TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
          TS_MSG_IMPRINT_set_msg(imprint.get(), hash.data(), static_cast<int>(hash.size())) == 1 &&
          TS_REQ_set_version(request.get(), 1) == 1 &&
          TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
          TS_REQ_set_nonce(request.get(), nonce) == 1 && TS_REQ_set_cert_req(request.get(), 1) == 1,
      "TSP");
  if (!question.policy.empty())
    need_openssl(TS_REQ_set_policy_id(request.get(), object_of(question.policy).get()) == 1, "TSP");
  return request;
}

}  // namespace

Bytes post_by_http(const std::string& url, BytesView request) {
  try {
    return http_post(url, "application/timestamp-query", request);
  } catch (const Failure& failure) {
    no_stamp(failure.what());
  }
}

Bytes time_stamp(const std::string& url, const StampQuestion& question, const Post& post) {
  if (url.empty()) no_stamp(tr("no service is set (bridge.tsa in kilt.toml)"));
  Bytes random(8);
  need_openssl(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "RAND");
  random.front() = static_cast<Byte>((random.front() & 0x7FU) | 0x40U);
  const BignumPtr number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  const IntegerPtr nonce(BN_to_ASN1_INTEGER(number.get(), nullptr));
  const RequestPtr request = make_request(question, nonce.get());
  const Bytes answer = post(url, to_der(request.get(), i2d_TS_REQ));

  const unsigned char* in = answer.data();
  const ResponsePtr response(d2i_TS_RESP(nullptr, &in, static_cast<long>(answer.size())));
  if (!response) no_stamp(tr("the service answers something else"));
  const long status =
      ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response.get())));
  PKCS7* token = TS_RESP_get_token(response.get());
  if (status < 0 || status > 1 || token == nullptr)
    no_stamp(tr("the service refuses (status {0})", status));
  const InfoPtr info(PKCS7_to_TS_TST_INFO(token));
  if (!info) no_stamp(tr("the service answers something else"));
  const ASN1_OCTET_STRING* imprint =
      TS_MSG_IMPRINT_get_msg(TS_TST_INFO_get_msg_imprint(info.get()));
  const ASN1_INTEGER* echoed = TS_TST_INFO_get_nonce(info.get());
  const bool same =
      ASN1_STRING_length(imprint) == static_cast<int>(question.imprint.size()) &&
      std::equal(question.imprint.begin(), question.imprint.end(), ASN1_STRING_get0_data(imprint));
  if (!same || echoed == nullptr || ASN1_INTEGER_cmp(echoed, nonce.get()) != 0)
    no_stamp(tr("the answer is for another question"));
  return to_der(token, i2d_PKCS7);
}

}  // namespace kilt::tool
