// What came with a CA's or a signer's name on it: CMS, time stamps, CRLs and OCSP answers, PDFs,
// chains of certificates. The first byte chooses. Under the fixed keys nothing may pass for signed
// that make_document_seeds did not sign; every CRL and every OCSP answer says that the signer's
// certificate is revoked, so that none may make it good.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <set>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/spki.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/support/paths.h"
#include "tools/signing/cades.h"
#include "tools/signing/cms.h"
#include "tools/signing/cms_check.h"
#include "tools/signing/pdf.h"
#include "tools/signing/stamp_check.h"
#include "tools/x509/certificate.h"
#include "tools/x509/crl.h"
#include "tools/x509/gost_chain.h"
#include "tools/x509/ocsp.h"

namespace {

using namespace kilt::tool;  // NOLINT(google-build-using-namespace): the program is about it
using kilt::fuzz::check;

Bytes read(const char* name) {
  std::ifstream file(std::string(kilt::test::paths::data()) + "/fuzz/" + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  check(!bytes.empty(), "tests/data/fuzz is not there");
  return to_bytes(bytes);
}

/// A CA whose key nobody has any more, and whom it certified: the fixed keys, a time stamp service.
struct Fixture {
  Bytes ca = read("ca.cer"), signer = read("signer.cer"), other = read("gost2004.cer"),
        tsa = read("tsa.cer");
  /// A moment when all of it was valid: the seeds' own.
  std::time_t at = parse_certificate(signer).not_before + 24 * 60 * 60 + 60;
  std::set<Bytes> keys{parse_certificate(signer).spki, parse_certificate(other).spki};
};
const Fixture& fixture() {
  static const Fixture kFixture;
  return kFixture;
}

bool is_ours(const Bytes& certificate) {
  return fixture().keys.contains(parse_certificate(certificate).spki);
}

/// A SET of attributes without signed attributes of its own hashes as the attributes of a real
/// signature do: RFC 5652 cannot tell the two. It is nothing that a person reads as a document.
bool was_signed(const Bytes& content) {
  return (!content.empty() && content.front() == 0x31) ||
         std::ranges::any_of(kilt::fuzz::kSigned, [&](std::string_view text) {
           return std::ranges::equal(view(text), content);
         });
}

void message(BytesView file, bool detached) {
  const Bytes cms = cms_in(Bytes(file.begin(), file.end()));
  const Bytes never = to_bytes("I owe you 999 tenge.\n");
  Content content{BytesView(never)};
  const CheckedCms checked = check_cms(cms, detached ? &content : nullptr);
  check(!checked.good || !checked.signers.empty(), "good without a signer");
  if (!checked.good || checked.signers.empty() || !is_ours(checked.signers.front())) return;
  check(!detached && was_signed(checked.content), "what was never signed passes for it");
}

void any_message(BytesView file) {
  const Bytes cms = cms_in(Bytes(file.begin(), file.end()));
  static_cast<void>(has_gost_signer(cms));
  static_cast<void>(is_cms(cms));
  static_cast<void>(verify_cms(cms, nullptr));
  if (auto parts = SignedData::parse(cms))
    check(SignedData::parse(parts->der()).has_value(), "parts that were put together are no CMS");
}

void stamp(BytesView token) {
  const Bytes signature = to_bytes("signature");
  const CheckedStamp checked = check_stamp(token, signature);
  check(!is_ours(checked.signer), "a stamp by a key that never stamped");
}

void revocation(BytesView file) {
  const Bytes bytes(file.begin(), file.end());
  for (const auto reader : {read_crl, read_ocsp}) try {
      std::vector<std::unique_ptr<RevocationSource>> sources;
      sources.push_back(reader(bytes));
      const Fixture& known = fixture();
      const auto answer = ask(sources, {known.signer, known.ca, known.at});
      check(answer.state != Revocation::kGood, "a certificate that is revoked is good");
    } catch (const Failure&) {
      continue;
    }
}

void pdf(BytesView file) {
  if (!is_pdf(file)) return;
  for (const PdfSignature& one : read_pdf_signatures(file)) {
    check(one.content.size() < file.size(), "a signature of more than the file");
    check(std::equal(one.content.begin(), one.content.begin() + 4, file.begin()),
          "a signature that does not begin with the file");
    check(!one.whole || one.content.back() == file.back(), "not the whole file is signed");
    Content content{BytesView(one.content)};
    try {
      static_cast<void>(check_cms(one.cms, &content));
    } catch (const Failure&) {
      continue;
    }
  }
}

void chain(BytesView certificate) {
  const Fixture& known = fixture();
  static_cast<void>(check_gost_chain(certificate, {known.ca}, {known.signer}, known.at));
  const Bytes der(certificate.begin(), certificate.end());
  const Bytes spki = parse_certificate(certificate).spki;
  check(std::ranges::any_of(std::array{&known.ca, &known.signer, &known.other, &known.tsa},
                            [&](const Bytes* one) { return parse_certificate(*one).spki == spki; }),
        "a certificate that the CA never issued has a chain");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input(data + 1, size - 1);
  try {
    switch (data[0] % 7) {
      case 0:
        message(input, false);
        break;
      case 1:
        message(input, true);
        break;
      case 2:
        any_message(input);
        break;
      case 3:
        stamp(input);
        break;
      case 4:
        revocation(input);
        break;
      case 5:
        pdf(input);
        break;
      default:
        chain(input);
    }
  } catch (const Failure&) {
    return 0;
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
