// The CA's key of today: GOST R 34.10-2015 of 512 bits in a key file, used by a site. The
// arithmetic that verifies is the tests' own.
#include <fstream>
#include <regex>

#include "apdu/tlv.h"
#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/password.h"
#include "drivers/crypto/pkcs12.h"
#include "drivers/crypto/private_key.h"
#include "drivers/crypto/spki.h"
#include "tests/support/gost_arithmetic.h"
#include "tests/support/paths.h"
#include "tests/tools/bridge/site_test.h"
#include "tools/x509/certificate.h"

namespace kilt::bridge::test {
namespace {

namespace gost = kilt::test::gost;
using kilt::Hash;

/// Bytes of the module's libraries as those of the tool, and its hash of any.
Bytes plain(const kilt::Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
Bytes streebog(BytesView data) { return plain(crypto::digest(Hash::kStreebog512, data)); }
Bytes streebog(std::string_view text) { return streebog(tool::view(text)); }

/// A folder with one key file, which the module serves as a token, and its public key.
struct KeyFile {
  Folder folder;
  kilt::GostPublicKey public_key;

  KeyFile() {
    const std::shared_ptr<crypto::HostKey> key =
        crypto::generate_gost_key(crypto::kazakh_512_curve(), crypto::kazakh_512_hash());
    public_key = std::get<kilt::GostPublicKey>(key->public_key());
    const kilt::Bytes id{0x47};
    crypto::Pkcs12 file;
    file.add_key(key, id, "key");
    file.add_certificate(issue(plain(crypto::public_key_info(public_key)),
                               {"GOST", "/CN=TEST OWNER/SN=TEST/serialNumber=IIN000000000001/C=KZ",
                                "critical,digitalSignature,nonRepudiation,keyAgreement",
                                "emailProtection,1.2.398.3.3.4.1.1"}),
                         id, "key");
    const kilt::Bytes contents = file.write(crypto::Password(tool::view(kPin)));
    std::ofstream(folder.path() / "GOST512.p12", std::ios::binary)
        .write(reinterpret_cast<const char*>(contents.data()),  // NOLINT: characters are bytes
               static_cast<std::streamsize>(contents.size()));
    std::ofstream(folder.path() / "kilt.toml") << "[readers]\npcsc = false\n";
    setenv("KILT_CONF", (folder.path() / "kilt.toml").c_str(), 1);
    setenv("KILT_FILES", folder.path().c_str(), 1);
    setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  }
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;
  ~KeyFile() {
    for (const char* name : {"KILT_CONF", "KILT_FILES", "XDG_CACHE_HOME"}) unsetenv(name);
  }

  /// r || s over what hashes to `hash`.
  [[nodiscard]] bool verifies(BytesView hash, BytesView signature) const {
    const BytesView point = public_key.point;
    if (signature.size() != 128 || point.size() != 128) return false;
    return gost::tc26_512_a().verify(
        {gost::from_little_endian(point.first(64)), gost::from_little_endian(point.last(64))},
        gost::from_little_endian(hash), gost::from_little_endian(signature.first(64)),
        gost::from_little_endian(signature.last(64)));
  }
};

class GostFile : private KeyFile, public SiteTest {
 protected:
  GostFile() : SiteTest(kilt::test::paths::module()) {}
  using KeyFile::verifies;
};

constexpr std::uint32_t kSequence = 0x30, kSet = 0x31, kOctets = 0x04, kContext0 = 0xA0;

/// The only SignerInfo of a CMS (RFC 5652, 5.3).
struct SignerInfo {
  Bytes attributes;  ///< as they were signed: a SET
  Bytes signature;
};
SignerInfo signer_of(const Bytes& cms) {
  const auto data = tlv::find_path(cms, {kSequence, kContext0, kSequence});
  SignerInfo signer;
  tlv::Reader fields(data->value);
  std::optional<tlv::Node> last;
  while (auto field = fields.next()) last = field;  // signerInfos come last
  tlv::Reader info(tlv::find(last->value, kSequence)->value);
  while (const auto field = info.next()) {
    if (field->tag == kContext0) signer.attributes = plain(tlv::encode(kSet, field->value));
    if (field->tag == kOctets) signer.signature.assign(field->value.begin(), field->value.end());
  }
  return signer;
}

TEST_F(GostFile, ADocument) {
  const Bytes cms =
      der_of(object(common("createCAdESFromBase64", {"PKCS12", "SIGNATURE", "dGVzdA==", true})));
  const SignerInfo signer = signer_of(cms);
  EXPECT_TRUE(verifies(streebog(signer.attributes), signer.signature));
  const Bytes digest = plain(tlv::encode(kOctets, streebog("test")));
  EXPECT_NE(signer.attributes.end(), std::search(signer.attributes.begin(), signer.attributes.end(),
                                                 digest.begin(), digest.end()))
      << "the digest of what was sent is signed";
  Bytes changed = signer.attributes;
  changed.back() = static_cast<Byte>(changed.back() ^ 1);
  EXPECT_FALSE(verifies(streebog(changed), signer.signature));
}

TEST_F(GostFile, ALogIn) {
  const std::string text = object(
      common("signXml", {"PKCS12", "AUTHENTICATION", "<login><nonce>1</nonce></login>", "", ""}));
  std::smatch parts;
  ASSERT_TRUE(std::regex_search(
      text, parts,
      std::regex("<ds:SignedInfo>(.*<ds:DigestValue>(.*)</ds:DigestValue>.*)</ds:SignedInfo>"
                 "<ds:SignatureValue>(.*)</ds:SignatureValue>")))
      << text;
  EXPECT_EQ(streebog("<login><nonce>1</nonce></login>"), from_base64(parts[2].str()).value());
  // Its canonical form, by hand.
  const std::string info =
      std::regex_replace(parts[1].str(), std::regex("<(ds:[A-Za-z]+)([^>]*)/>"), "<$1$2></$1>");
  EXPECT_TRUE(verifies(streebog("<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" +
                                info + "</ds:SignedInfo>"),
                       from_base64(parts[3].str()).value()));
  EXPECT_NE(std::string::npos, text.find("gostr34102015-gostr34112015-512"));
}

TEST_F(GostFile, ABareSignature) {
  const Json signature = result(basics({{"format", "raw"},
                                        {"data", "dGVzdA=="},
                                        {"signingParams", {{"decode", true}}},
                                        {"signerParams", {{"extKeyUsageOids", Json::array()}}}}));
  EXPECT_TRUE(verifies(streebog("test"), der_of(signature[0])));
}

TEST_F(GostFile, KeyInfoNamesTheAlgorithm) {
  const Json info = object(common("getKeyInfo", {"PKCS12"}));
  EXPECT_EQ(info["algorithm"], "ECGOST3410-2015-512");
  EXPECT_EQ(info["subjectCn"], "TEST OWNER");
}

TEST_F(GostFile, AWrongPasswordIsTold) {
  user_.pins = {"wrong", kPin};
  EXPECT_FALSE(object(common("signXml", {"PKCS12", "SIGNATURE", "<a/>", "", ""})).empty());
  EXPECT_EQ(user_.count("refused"), 1U);
}

}  // namespace
}  // namespace kilt::bridge::test
