// What sites call, on a SoftHSM token, with a user that the test plays.
#include "tools/bridge/methods.h"

#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/cms.h>

#include "tests/tools/bridge/site_test.h"
#include "tools/signing/cades.h"
#include "tools/x509/trust.h"

namespace kilt::bridge::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kCancelledCommon = R"({"code":"500","message":"action.canceled"})";

class Sites : public SiteTest {
 protected:
  Sites() : SiteTest(soft_token()) {}
  /// Verifies with OpenSSL; `content` for a detached one.
  static void expect_cms(const Bytes& der, const std::string& content, bool attached) {
    const Bytes bytes = tool::to_bytes(content);
    const unsigned char* in = der.data();
    const tool::Owned<CMS_ContentInfo, CMS_ContentInfo_free> cms(
        d2i_CMS_ContentInfo(nullptr, &in, static_cast<long>(der.size())));
    ASSERT_TRUE(cms);
    EXPECT_EQ(CMS_is_detached(cms.get()), attached ? 0 : 1);
    const tool::StorePtr store = tool::make_store(tool::certificates_in(tool::view(soft_ca())));
    const tool::BioPtr input(
        attached ? nullptr : BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
    const tool::BioPtr output(BIO_new(BIO_s_mem()));
    X509_STORE_set_purpose(store.get(), X509_PURPOSE_ANY);
    EXPECT_EQ(CMS_verify(cms.get(), nullptr, store.get(), input.get(), output.get(), CMS_BINARY), 1)
        << tool::openssl_errors();
    char* text = nullptr;
    const long size = BIO_get_mem_data(output.get(), &text);
    EXPECT_EQ(std::string(text, text + size), content);
  }
  static bool verifies(const Bytes& spki, std::string_view data, const Bytes& signature) {
    const unsigned char* in = spki.data();
    const tool::PkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
    const tool::Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                            tool::view(data).data(), data.size()) == 1;
  }
};

TEST_F(Sites, ANewSiteIsAskedAboutOnce) {
  EXPECT_EQ(common("getActiveTokens", Json::array()), R"({"responseObject":[],"code":"200"})");
  EXPECT_EQ(common("getActiveTokens", nullptr), R"({"responseObject":[],"code":"200"})");
  EXPECT_EQ(user_.count("origin"), 1U);
  EXPECT_EQ(user_.last("origin")["origin"], "https://nca.example");
  methods_.reset();  // another start of the bridge remembers it
  common("getActiveTokens", Json::array());
  EXPECT_EQ(user_.count("origin"), 1U);
}

TEST_F(Sites, ARefusedSiteLearnsNothingAndIsNotAskedAboutAgain) {
  user_.admits = false;
  EXPECT_EQ(common("getActiveTokens", Json::array()), kCancelledCommon);
  EXPECT_EQ(common("getKeyInfo", {"PKCS12"}), kCancelledCommon);
  EXPECT_EQ(basics({{"format", "cms"}, {"data", "eA=="}}), R"({"body":{},"status":true})");
  EXPECT_EQ(user_.shown.size(), 1U);
}

TEST_F(Sites, ThePageCannotNameItsOrigin) {
  settings_.deny = {"https://nca.example"};
  EXPECT_EQ(ask(R"({"module":"kz.gov.pki.knca.commonUtils","method":"getActiveTokens",)"
                R"("origin":"https://good.example"})"),
            kCancelledCommon);
}

TEST_F(Sites, WithoutOriginNothingIsServed) {
  page_.origin = "";
  EXPECT_EQ(common("getActiveTokens", Json::array()), kCancelledCommon);
  page_.origin = "null";
  EXPECT_EQ(common("getActiveTokens", Json::array()), kCancelledCommon);
  EXPECT_TRUE(user_.shown.empty());
}

TEST_F(Sites, APageThatFloodsIsMuted) {
  user_.cancels = true;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(common("getKeyInfo", {"PKCS12"}), kCancelledCommon);
  EXPECT_EQ(user_.count("request"), 3U);
}

TEST_F(Sites, KeyInfo) {
  user_.purpose = "sign";
  const Json info = object(common("getKeyInfo", {"PKCS12"}));
  const std::vector<std::string> fields{"alias",
                                        "keyId",
                                        "algorithm",
                                        "subjectCn",
                                        "subjectDn",
                                        "issuerCn",
                                        "issuerDn",
                                        "serialNumber",
                                        "certNotAfter",
                                        "certNotBefore",
                                        "authorityKeyIdentifier",
                                        "pem"};
  EXPECT_EQ(info.size(), fields.size());
  for (const std::string& field : fields) EXPECT_TRUE(info[field].is_string()) << field;
  EXPECT_EQ(info["subjectDn"], "CN=TEST OWNER,SURNAME=TEST,SERIALNUMBER=IIN000000000001,C=KZ");
  EXPECT_EQ(info["algorithm"], "RSA");
  EXPECT_EQ(info["keyId"].get<std::string>().size(), 40U);
  EXPECT_EQ(info["certNotAfter"].get<std::string>().size(), 13U) << "milliseconds";
  EXPECT_EQ(user_.last("request")["private_key"], false) << "no PIN is asked for what is public";
}

TEST_F(Sites, SignXmlIsCompactAndVerifies) {
  const std::string text = object(
      common("signXml", {"PKCS12", "SIGNATURE", "<a b='1'><c/>\n text &amp; more</a>", "", ""}));
  EXPECT_THAT(text,
              StartsWith(R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?><a b="1"><c/>)"));
  std::smatch parts;
  ASSERT_TRUE(std::regex_search(text, parts,
                                std::regex("<ds:SignedInfo>(.*)</ds:SignedInfo>"
                                           "<ds:SignatureValue>(.*)</ds:SignatureValue>")))
      << text;
  // Its canonical form, by hand.
  const std::string info =
      std::regex_replace(parts[1].str(), std::regex("<(ds:[A-Za-z]+)([^>]*)/>"), "<$1$2></$1>");
  const std::string canonical =
      "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" + info + "</ds:SignedInfo>";
  std::smatch certificate;
  ASSERT_TRUE(std::regex_search(text, certificate,
                                std::regex("<ds:X509Certificate>(.*)</ds:X509Certificate>")));
  const Bytes der = from_base64(certificate[1].str()).value();
  EXPECT_TRUE(
      verifies(tool::parse_certificate(der).spki, canonical, from_base64(parts[2].str()).value()));
  const Json shown = user_.last("request");
  EXPECT_EQ(shown["operation"], "xml");
  EXPECT_THAT(shown["documents"][0]["preview"].get<std::string>(), HasSubstr("text &amp; more"));
}

TEST_F(Sites, SeveralXmlWithOneConsentAndOneLogin) {
  const Json list = object(
      common("signXmls", {"PKCS12", "SIGNATURE", {"<a>1</a>", "<a>2</a>", "<a>3</a>"}, "", ""}));
  ASSERT_EQ(list.size(), 3U);
  EXPECT_THAT(list[1].get<std::string>(), HasSubstr("<a>2<ds:Signature"));
  EXPECT_EQ(user_.count("request"), 1U);
  EXPECT_EQ(user_.last("request")["count"], 3);
}

TEST_F(Sites, NotXmlIsToldWithoutADialogue) {
  for (const char* bad : {"<a>", "", "a", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
                          "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"}) {
    const std::string answer = common("signXml", {"PKCS12", "SIGNATURE", bad, "", ""});
    EXPECT_THAT(answer, StartsWith(R"({"code":"500","message":"org.xml.sax.SAXParseException)"))
        << bad;
  }
  EXPECT_EQ(user_.count("request"), 0U);
}

TEST_F(Sites, CmsAttachedAndDetached) {
  expect_cms(
      der_of(object(common("createCAdESFromBase64", {"PKCS12", "SIGNATURE", "dGVzdA==", true}))),
      "test", true);
  expect_cms(
      der_of(object(common("createCAdESFromBase64", {"PKCS12", "SIGNATURE", "dGVzdA==", "false"}))),
      "test", false);
  const std::string hash = to_base64(tool::from_hex(
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"));  // of "test"
  expect_cms(der_of(object(common("createCAdESFromBase64Hash", {"PKCS12", "SIGNATURE", hash}))),
             "test", false);
  EXPECT_EQ(user_.last("request")["documents"][0]["kind"], "digest");
  EXPECT_EQ(
      Json::parse(common("createCAdESFromBase64Hash", {"PKCS12", "SIGNATURE", "dGVzdA=="}))["code"],
      "500");
}

TEST_F(Sites, ASignatureIsAddedToACms) {
  const Json first =
      object(common("createCAdESFromBase64", {"PKCS12", "SIGNATURE", "dGVzdA==", true}));
  user_.purpose = "both";
  const Bytes second = der_of(object(common("createCAdESFromBase64", {"PKCS12", "", first, true})));
  expect_cms(second, "test", true);
  EXPECT_EQ(tool::SignedData::parse(second)->signers.size(), 2U);
}

TEST_F(Sites, WithoutATimeStampServiceNoneIsPretended) {
  const Json answer = Json::parse(
      common("createCMSSignatureFromBase64", {"PKCS12", "SIGNATURE", "dGVzdA==", true}));
  EXPECT_EQ(answer["code"], "500");
  EXPECT_THAT(answer["message"].get<std::string>(), HasSubstr("bridge.tsa"));
}

TEST_F(Sites, BadArguments) {
  EXPECT_EQ(
      common("getKeyInfo", {7}),
      R"({"code":"500","message":"java.lang.IllegalArgumentException: argument type mismatch. Method: getKeyInfo"})");
  EXPECT_EQ(common("getKeyInfo", Json::array()),
            R"({"code":"500","message":"NoSuchMethodException: getKeyInfo"})");
  EXPECT_EQ(common("getKeyInfo", {nullptr}),
            R"({"code":"500","message":"storageName.param.empty"})");
  EXPECT_EQ(common("getKeyInfo", {"x"}), R"({"code":"500","message":"storage.unknown"})");
  EXPECT_EQ(common("createCAdESFromBase64", {"PKCS12", "", "*", true}), R"({"code":"500"})");
  EXPECT_EQ(common("createCAdESFromFile", {"PKCS12", "", "/etc/passwd", true}),
            R"({"code":"500","message":"file.not_found"})");
  EXPECT_EQ(user_.count("request"), 0U);
}

TEST_F(Sites, AFileThatTheUserChoseForThisPage) {
  user_.file = folder_.path() / "document";
  std::ofstream(user_.file) << "from a file";
  EXPECT_EQ(object(common("showFileChooser", {"ALL", ""})), user_.file);
  expect_cms(
      der_of(object(common("createCAdESFromFile", {"PKCS12", "SIGNATURE", user_.file, true}))),
      "from a file", true);
  page_.chosen.clear();  // another page
  EXPECT_THAT(common("createCAdESFromFile", {"PKCS12", "SIGNATURE", user_.file, true}),
              HasSubstr("file.not_found"));
}

TEST_F(Sites, WhichKeysFit) {
  user_.cancels = true;
  common("signXml", {"PKCS12", "AUTHENTICATION", "<a/>", "", ""});
  std::map<std::string, std::string> reasons;
  const Json keys = user_.last("request")["storages"][0]["keys"];
  for (const Json& key : keys) {
    const std::string name = key["bin"] != ""       ? "org"
                             : key["days_left"] < 0 ? "old"
                                                    : key["purpose"];
    reasons[name] = key["reason"];
  }
  EXPECT_EQ(reasons["auth"], "");
  EXPECT_EQ(reasons["both"], "") << "one key for both purposes";
  EXPECT_NE(reasons["sign"], "");
  basics({{"format", "cms"},
          {"data", "x"},
          {"signerParams", {{"extKeyUsageOids", {"1.3.6.1.5.5.7.3.4"}}, {"bin", "000000000003"}}}});
  std::size_t fitting = 0;
  // Kept: what a range is made of must outlive the loop.
  const Json fewer = user_.last("request")["storages"][0]["keys"];
  for (const Json& key : fewer)
    if (key["reason"] == "") {
      ++fitting;
      EXPECT_EQ(key["bin"], "000000000003");
    }
  EXPECT_EQ(fitting, 1U);
}

TEST_F(Sites, BasicsCms) {
  const Json list = result(basics(
      {{"allowedStorages", nullptr},
       {"format", "cms"},
       {"data", "dGVzdA=="},
       {"signingParams", {{"decode", "true"}, {"encapsulate", "true"}, {"digested", "false"}}},
       {"signerParams", {{"extKeyUsageOids", Json::array()}, {"chain", Json::array()}}},
       {"locale", "ru"}}));
  ASSERT_TRUE(list.is_array());
  std::string pem = list.at(0);
  EXPECT_THAT(pem, StartsWith("-----BEGIN CMS-----\n"));
  pem = std::regex_replace(pem, std::regex("-----[A-Z ]+-----"), "");
  expect_cms(from_base64(pem).value(), "test", true);
  EXPECT_EQ(user_.last("request")["locale"], "ru");
}

TEST_F(Sites, BasicsXmlAndRaw) {
  const Json xml = result(basics({{"format", "xml"}, {"data", {"<a>1</a>", "<a>2</a>"}}}));
  EXPECT_THAT(xml.at(1).get<std::string>(), HasSubstr("<a>2<ds:Signature"));
  const Json raw = result(basics({{"format", "raw"},
                                  {"data", "dGVzdA=="},
                                  {"signingParams", {{"decode", true}, {"outputCert", true}}}}));
  const auto certificates =
      tool::certificates_in(tool::view(raw["certificate"].get<std::string>()));
  EXPECT_TRUE(verifies(tool::parse_certificate(certificates.at(0)).spki, "test",
                       der_of(raw["signatures"].at(0))));
}

TEST_F(Sites, BasicsErrors) {
  const auto error = [&](const Json& arguments) {
    const Json json = Json::parse(basics(arguments));
    EXPECT_EQ(json["status"], false);
    return json.value("code", "") + " " + json.value("details", "");
  };
  EXPECT_THAT(error(nullptr), HasSubstr("GENERAL_ERROR"));
  EXPECT_THAT(error("x"), HasSubstr("INVOCATION_ERROR org.json.JSONException"));
  EXPECT_THAT(
      error({{"format", "cms"}, {"data", "x"}, {"signingParams", 7}}),
      HasSubstr(
          R"(INVOCATION_ERROR org.json.JSONException: JSONObject["signingParams"] is not a JSONObject.)"));
  EXPECT_THAT(error({{"format", "pdf"}, {"data", "x"}}), HasSubstr("GENERAL_ERROR"));
  EXPECT_THAT(error({{"format", "cms"}}), HasSubstr("data is not defined"));
  EXPECT_THAT(error({{"format", "cms"}, {"data", "*"}, {"signingParams", {{"decode", true}}}}),
              HasSubstr("SIGNING_FAILURE"));
  EXPECT_EQ(user_.count("request"), 0U);
}

TEST_F(Sites, WhatNobodyHasPublishedIsSaidAndNamesOnlyAreTold) {
  const std::string answer = ask(
      R"({"module":"kz.gov.pki.knca.basics","method":"generateCsr","args":{"subject":{"iin":"000000000001"}}})");
  EXPECT_THAT(answer, HasSubstr("GENERAL_ERROR"));
  EXPECT_THAT(answer, HasSubstr("subject: object {iin: string}"));
  EXPECT_THAT(answer, testing::Not(HasSubstr("000000000001")));
}

TEST_F(Sites, CancelledAsTheOriginalSaysIt) {
  user_.cancels = true;
  EXPECT_EQ(common("signXml", {"PKCS12", "", "<a/>", "", ""}), kCancelledCommon);
  EXPECT_EQ(basics({{"format", "xml"}, {"data", "<a/>"}}), R"({"body":{},"status":true})");
}

TEST_F(Sites, AWrongPinIsToldAndOnlyWhatTheUserTypedIsSent) {
  user_.pins = {"111222", "111223", kPin};
  object(common("signXml", {"PKCS12", "SIGNATURE", "<a/>", "", ""}));
  EXPECT_EQ(user_.count("refused"), 2U);
  EXPECT_EQ(user_.count("request"), 1U);
  for (const Json& message : user_.shown) {
    EXPECT_EQ(to_text(message).find(kPin), std::string::npos);
    EXPECT_EQ(to_text(message).find("111222"), std::string::npos);
  }
}

TEST_F(Sites, PublicProcurement) {
  EXPECT_THAT(ask(R"({"module":"NURSign","type":"version"})"), HasSubstr(R"("errorCode":"NONE")"));
  EXPECT_THAT(
      ask(R"({"module":"NURSign","type":"xml","data":"<?xml version=\"1.0\"?><root><key>N</key></root>"})"),
      HasSubstr("<root><key>N</key><ds:Signature"));
  EXPECT_THAT(ask(R"({"module":"NURSign","type":"multitext","items":{"a":"1","b":"2"}})"),
              testing::ContainsRegex(R"("b":"MII)"));
  settings_.modules.clear();
  EXPECT_EQ(ask(R"({"module":"NURSign","type":"version"})"), module_not_found());
}

TEST_F(Sites, ServicesThatAreThere) {
  EXPECT_THAT(ask(R"({"module":"kz.gov.pki.ncalayerservices.accessory","method":"getServices"})"),
              HasSubstr(kBasics));
  EXPECT_THAT(
      ask(R"({"module":"kz.gov.pki.ncalayerservices.accessory","method":"installBundle","symname":"x"})"),
      HasSubstr("GENERAL_ERROR"));
}

TEST_F(Sites, TheLanguageIsThePages) {
  EXPECT_EQ(common("changeLocale", {"kz"}), R"({"code":"200"})");
  EXPECT_EQ(page_.locale, "kk");
  EXPECT_EQ(common("changeLocale", {"../../x"}), R"({"code":"200"})");
  EXPECT_EQ(page_.locale, "");
}

}  // namespace
}  // namespace kilt::bridge::test
