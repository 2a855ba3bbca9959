// XML signatures. The first byte chooses: any text is verified, where only what was really signed
// may pass for it; or any text is signed, as a web page asks, and must then verify.
#include <algorithm>
#include <cstdint>
#include <string>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost.h"
#include "drivers/crypto/spki.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/tools/bridge/soft_token.h"
#include "tools/signing/xml.h"
#include "tools/signing/xml_check.h"
#include "tools/x509/certificate.h"
#include "tools/x509/gost_algorithm.h"

namespace {

using namespace kilt::tool;  // NOLINT(google-build-using-namespace): the program is about it
namespace crypto = kilt::crypto;
using kilt::fuzz::check;

/// A key that signs documents, and its certificate.
struct Signer {
  explicit Signer(bool gost512)
      : key(kilt::fuzz::fixed_key(gost512)),
        info(plain(crypto::public_key_info(key->public_key()))),
        names(gost_algorithm(info)) {
    suite.digest_oid = names.digest_oid;
    suite.signature_oid = names.signature_oid;
    suite.digest_uri = names.digest_uri;
    suite.signature_uri = names.signature_uri;
    suite.digest_size = crypto::digest_size(names.hash);
    suite.digest = [this](BytesView data) { return plain(crypto::digest(names.hash, data)); };
    suite.sign = [this](BytesView data) {
      return plain(crypto::kazakh_signature(key->sign(crypto::digest(names.hash, data))));
    };
    certificate = kilt::bridge::test::issue(
        info, {"GOST", "/CN=TEST", "critical,digitalSignature", "emailProtection", -1, 3000});
  }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;
  std::unique_ptr<crypto::HostKey> key;
  Bytes info;
  GostAlgorithm names;
  Suite suite;
  Bytes certificate;
};
const Signer& signer(bool gost512) {
  static const Signer kLong(true), kShort(false);
  return gost512 ? kLong : kShort;
}

bool is_ours(const Bytes& certificate) {
  const Bytes spki = parse_certificate(certificate).spki;
  return spki == signer(true).info || spki == signer(false).info;
}

void verify(BytesView file) {
  static_cast<void>(looks_like_xml(file));
  const XmlVerdict verdict = verify_xml(file);
  check(!verdict.signers.empty(), "a verdict without a signature");
  const bool all = std::ranges::all_of(
      verdict.signers, [](const XmlSigner& one) { return one.signature == Verification::kFits; });
  check((verdict.signature == Verification::kFits) == all, "the verdict is not that of all");
  const XmlSigner& first = verdict.signers.front();
  if (first.signature != Verification::kFits || !is_ours(first.certificate)) return;
  check(std::ranges::any_of(
            kilt::fuzz::kSigned,
            [&](std::string_view text) { return std::ranges::equal(view(text), verdict.content); }),
        "what was never signed passes for it");
}

/// `text` holds the document and two XPaths, each behind a line end.
void sign(const std::string& text, bool as_utf8, bool gost512) {
  const auto second = text.rfind('\n');
  const auto first =
      second == std::string::npos || second == 0 ? second : text.rfind('\n', second - 1);
  XmlPlace place;
  std::string document = text;
  if (first != std::string::npos && first != second) {
    place.element = text.substr(first + 1, second - first - 1);
    place.parent = text.substr(second + 1);
    document.resize(first);
  }
  const Signer& by = signer(gost512);
  const std::string made = sign_xml(document, as_utf8, by.suite, by.certificate, place);
  check_xml(made, true);
  if (document.find("Signature") != std::string::npos) return;  // has others, which may be bad
  const XmlVerdict verdict = verify_xml(view(made));
  check(verdict.signers.size() == 1, "one signature was made, and not one is found");
  check(verdict.signature == Verification::kFits, "the signature just made does not verify");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input(data + 1, size - 1);
  const std::string text(input.begin(), input.end());
  try {
    if ((data[0] & 1U) == 0)
      verify(input);
    else
      sign(text, (data[0] & 2U) != 0, (data[0] & 4U) != 0);
  } catch (const Failure&) {
    return 0;
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
