// What kilt reads of other people: certificates and files of them, CMS, public keys, names, pkcs11:
// URIs, XML. The first byte chooses which.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/errors.h"
#include "tools/client/select.h"
#include "tools/signing/cms.h"
#include "tools/signing/cms_check.h"
#include "tools/signing/pkcs10.h"
#include "tools/signing/xml.h"
#include "tools/signing/xml_check.h"
#include "tools/x509/certificate.h"
#include "tools/x509/crl.h"
#include "tools/x509/gost_chain.h"
#include "tools/x509/nca.h"
#include "tools/x509/ocsp.h"
#include "tools/x509/signed_object.h"

namespace {

using namespace kilt::tool;  // NOLINT(google-build-using-namespace): the program is about it

void certificate(BytesView der) {
  const CertificateInfo info = parse_certificate(der);
  static_cast<void>(purpose_of(info));
  static_cast<void>(info.days_left(0));
  static_cast<void>(hide_ids(info.subject));
  static_cast<void>(is_signed_by_gost(der));
  static_cast<void>(is_signed_by(der, info.spki));
}

void certificates(BytesView file) {
  for (const Bytes& der : certificates_in(file)) certificate(der);
}

void message(BytesView file) {
  const Bytes cms = cms_in(Bytes(file.begin(), file.end()));
  static_cast<void>(is_cms(cms));
  static_cast<void>(has_gost_signer(cms));
  const Bytes bytes(20, 0x31);
  for (const bool detached : {false, true}) {
    Content first{BytesView(bytes)}, second{BytesView(bytes)};
    try {
      static_cast<void>(check_cms(cms, detached ? &first : nullptr));
    } catch (const Failure&) {
      static_cast<void>(verify_cms(cms, detached ? &second : nullptr));
    }
  }
}

void revocation(BytesView file) {
  const Bytes bytes(file.begin(), file.end());
  for (const auto read : {read_crl, read_ocsp}) try {
      static_cast<void>(read(bytes));
    } catch (const Failure&) {
      continue;
    }
}

void uri(const std::string& text) {
  const Choice choice(text);
  SlotView::Token token;
  token.label = "label";
  token.serial = "00112233";
  SlotView slot;
  slot.token = token;
  static_cast<void>(choice.fits(slot));
  static_cast<void>(choice.fits(CKO_CERTIFICATE, {1}, "label"));
  static_cast<void>(choice.fits_loosely({1, 2, 3, 4}, "owner"));
  static_cast<void>(choice.pin_source());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView input(data + 1, size - 1);
  // The text is made of bytes; reading them as characters is what a file reader does.
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);  // NOLINT
  try {
    switch (data[0] % 9) {
      case 0:
        certificate(input);
        break;
      case 1:
        certificates(input);
        break;
      case 2:
        message(input);
        break;
      case 3:
        static_cast<void>(key_algorithm(input));
        static_cast<void>(key_identifier(input));
        break;
      case 4:
        static_cast<void>(parse_name(text));
        break;
      case 5:
        uri(text);
        break;
      case 6:
        check_xml(text, true);
        break;
      case 7:
        static_cast<void>(verify_xml(input));
        break;
      default:
        revocation(input);
    }
  } catch (const Failure&) {
    return 0;
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
