// The CA's profile: purposes by key usage, storage, reminders. Certificates are made here.
#include "tools/x509/nca.h"

#include <ctime>

#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "tests/tools/certificate.h"

namespace kilt::tool {
namespace {

CertificateInfo with(std::optional<KeyUsageBits> usage, std::vector<std::string> extended) {
  CertificateInfo info;
  info.key_usage = usage;
  info.extended_usage = std::move(extended);
  return info;
}
const std::string kClient = "1.3.6.1.5.5.7.3.2";
const std::string kMail = "1.3.6.1.5.5.7.3.4";
const std::string kPerson = "1.2.398.3.3.4.1.1";

TEST(Nca, PurposesAsTheCaSetsThem) {
  constexpr KeyUsageBits kAuth = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
  constexpr KeyUsageBits kSign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
  EXPECT_EQ(Purpose::kAuth, purpose_of(with(kAuth, {kClient, kPerson}))) << "RSA AUTH, 2020";
  EXPECT_EQ(Purpose::kSign, purpose_of(with(kSign, {kMail, kPerson}))) << "RSA SIGN, 2020";
  EXPECT_EQ(Purpose::kBoth, purpose_of(with(kSign | KU_KEY_AGREEMENT, {kMail, kPerson})))
      << "the single GOST key since 2024";
  EXPECT_EQ(Purpose::kBoth, purpose_of(with(kSign | KU_KEY_AGREEMENT, {kPerson})))
      << "an information system's, which has its role alone";
  EXPECT_EQ(Purpose::kOther, purpose_of(with(kSign, {kPerson})));
  CertificateInfo gost = with(kSign | KU_KEY_ENCIPHERMENT, {kMail, kPerson});
  EXPECT_EQ(Purpose::kSign, purpose_of(gost));
  gost.key_algorithm = "GOST R 34.10-2015-512";
  EXPECT_EQ(Purpose::kBoth, purpose_of(gost)) << "the single GOST key of 2022";
  EXPECT_EQ(Purpose::kBoth, purpose_of(with(kSign, {kMail, kClient})));
  EXPECT_EQ(Purpose::kOther, purpose_of(with(kAuth, {kPerson})));
  EXPECT_EQ(Purpose::kBoth, purpose_of(with(std::nullopt, {}))) << "nothing restricts it";
  CertificateInfo authority = with(kSign, {});
  authority.authority = true;
  EXPECT_EQ(Purpose::kAuthority, purpose_of(authority));
}

TEST(Nca, ReminderStages) {
  EXPECT_EQ(-1, stage_days(stage_of(31)));
  EXPECT_EQ(30, stage_days(stage_of(30)));
  EXPECT_EQ(30, stage_days(stage_of(15)));
  EXPECT_EQ(14, stage_days(stage_of(14)));
  EXPECT_EQ(7, stage_days(stage_of(7)));
  EXPECT_EQ(7, stage_days(stage_of(0)));
  EXPECT_EQ(0, stage_days(stage_of(-1)));
}

TEST(Nca, StorageNames) {
  EXPECT_EQ("Kaztoken", oid_name("1.2.398.3.3.5.2.2"));
  EXPECT_EQ("JaCarta", oid_name("1.2.398.3.3.5.2.5"));
  EXPECT_EQ("", oid_name("1.2.3.4"));
}

TEST(X509, FieldsOfACertificate) {
  test::CertificateMaker maker;
  maker.subject =
      "/CN=ТЕСТОВ ТЕСТ/SN=ТЕСТОВ/serialNumber=IIN123456789012/C=KZ/O=ЖШС/OU=BIN123456789021";
  maker.days = 20;
  maker.extensions = {{"2.5.29.15", "03020780"},  // digitalSignature
                      {"1.2.398.3.3.5", "300a06082a830e0303050202"}};
  const CertificateInfo info = parse_certificate(maker.der());
  EXPECT_EQ("ТЕСТОВ ТЕСТ", info.common_name);
  EXPECT_EQ("123456789012", info.iin);
  EXPECT_EQ("123456789021", info.bin);
  EXPECT_EQ("ЖШС", info.organisation);
  EXPECT_EQ("1.2.398.3.3.5.2.2", info.storage_oid);
  EXPECT_EQ("RSA-2048", info.key_algorithm);
  EXPECT_EQ(20U, info.key_id.size());
  EXPECT_EQ(KeyUsageBits{KU_DIGITAL_SIGNATURE}, info.key_usage);
  EXPECT_EQ(19, info.days_left(std::time(nullptr) + 60));
  EXPECT_EQ(0, info.days_left(info.not_after));
  EXPECT_EQ(-1, info.days_left(info.not_after + 1));
  EXPECT_FALSE(info.authority);
}

TEST(X509, PersonalNumbersAreHidden) {
  EXPECT_EQ("CN=A, serialNumber=IIN************, OU=BIN************",
            hide_ids("CN=A, serialNumber=IIN123456789012, OU=BIN123456789021"));
  EXPECT_EQ("IIN12345", hide_ids("IIN12345"));
}

TEST(X509, DamagedOnesAreRefused) {
  const Bytes good = test::CertificateMaker().der();
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_THROW(parse_certificate(BytesView(good).first(size)), Failure) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_THROW(parse_certificate(longer), Failure) << "something after it";
  Bytes flipped;
  for (std::size_t i = 0; i < good.size(); ++i) {
    flipped = good;
    flipped[i] ^= 0xFF;
    try {
      static_cast<void>(parse_certificate(flipped));
    } catch (const Failure&) {  // either is fine; neither crashes nor leaks
      continue;
    }
  }
}

TEST(X509, FilesOfAllForms) {
  const Bytes one = test::CertificateMaker().der();
  EXPECT_EQ(std::vector<Bytes>{one}, certificates_in(one));
  const std::string pem = to_pem(PEM_STRING_X509, one);
  EXPECT_EQ((std::vector<Bytes>{one, one}), certificates_in(view("text before\n" + pem + pem)));
  EXPECT_THROW(certificates_in(view("no certificate")), Failure);
  EXPECT_THROW(certificates_in(Bytes{}), Failure);
}

}  // namespace
}  // namespace kilt::tool
