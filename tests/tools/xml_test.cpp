// What an XML signature is over. tests/tools/bridge/site lets xmlsec1 judge whole signatures.
#include "tools/signing/xml.h"

#include <gtest/gtest.h>

#include "tests/tools/certificate.h"

namespace kilt::tool::test {
namespace {

/// A suite that notes what it was given to digest; its values mean nothing.
std::string digested(const std::string& document, const XmlPlace& place = {}) {
  std::string seen;
  Suite suite;
  suite.signature_uri = "urn:signature";
  suite.digest_uri = "urn:digest";
  suite.digest = [&seen](BytesView data) {
    seen.assign(data.begin(), data.end());
    return Bytes(32, 0x42);
  };
  suite.sign = [](BytesView) { return Bytes(64, 0x42); };
  sign_xml(document, true, suite, CertificateMaker{}.der(), place);
  return seen;
}

// Canonical XML 1.0, 3.1, "without comments"; XML Signature, 4.4.3.2: a reference without XPointer
// names a document without its comments.
TEST(Xml, CommentsAreNotSigned) {
  EXPECT_EQ("<?p q?>\n<r><?x y?>text</r>",
            digested("<?p q?><!-- before --><r><!-- in --><?x y?>text</r><!-- after -->"));
}

TEST(Xml, NorAreThoseOfAnElement) {
  EXPECT_EQ(R"(<a Id="one">text</a>)",
            digested(R"(<r><a Id="one"><!-- in -->text</a></r>)", {"//a", ""}));
}

}  // namespace
}  // namespace kilt::tool::test
