#include "tools/client/select.h"

#include <gtest/gtest.h>

#include "tools/client/gost.h"
#include "tools/signing/pkcs10.h"
#include "tools/terminal/failure.h"

namespace kilt::tool {
namespace {

SlotView slot(const std::string& label, const std::string& serial) {
  SlotView view;
  view.present = true;
  SlotView::Token token;
  std::fill(std::begin(token.raw.label), std::end(token.raw.label), ' ');
  std::fill(std::begin(token.raw.serialNumber), std::end(token.raw.serialNumber), ' ');
  std::copy(label.begin(), label.end(), std::begin(token.raw.label));
  std::copy(serial.begin(), serial.end(), std::begin(token.raw.serialNumber));
  token.label = label;
  token.serial = serial;
  view.token = token;
  return view;
}

TEST(Choice, Tokens) {
  const SlotView one = slot("My token", "0001");
  EXPECT_TRUE(Choice("").fits(one));
  EXPECT_TRUE(Choice("My token").fits(one));
  EXPECT_TRUE(Choice("0001").fits(one));
  EXPECT_FALSE(Choice("My").fits(one));
  EXPECT_TRUE(Choice("pkcs11:token=My%20token").fits(one));
  EXPECT_FALSE(Choice("pkcs11:token=My%20token;serial=0002").fits(one));
  EXPECT_THROW(Choice("pkcs11:token=%zz"), Failure);
  EXPECT_THROW(Choice("pkcs11:token=x?pin-value=1234"), Failure) << "a PIN on the command line";
  EXPECT_EQ("file:/run/pin", Choice("pkcs11:token=x?pin-source=/run/pin").pin_source());
}

TEST(Choice, Objects) {
  const Bytes id{0xAB, 0x01};
  EXPECT_TRUE(Choice("ab01").fits(CKO_CERTIFICATE, id, "name"));
  EXPECT_TRUE(Choice("name").fits(CKO_CERTIFICATE, id, "name"));
  EXPECT_FALSE(Choice("ab").fits(CKO_CERTIFICATE, id, "name"));
  EXPECT_TRUE(Choice("pkcs11:id=%AB%01").fits(CKO_CERTIFICATE, id, "name"));
  EXPECT_TRUE(Choice("pkcs11:object=name;type=cert").fits(CKO_CERTIFICATE, id, "name"));
  EXPECT_FALSE(Choice("pkcs11:object=name;type=private").fits(CKO_CERTIFICATE, id, "name"));
}

TEST(Choice, TheUriOfAnObjectFindsIt) {
  const Bytes id{0xAB, 0x01};
  const std::string uri = object_uri(*slot("a;b", "1").token, CKO_PRIVATE_KEY, id, "n");
  EXPECT_TRUE(Choice(uri).fits(CKO_PRIVATE_KEY, id, "n"));
  EXPECT_FALSE(Choice(uri).fits(CKO_CERTIFICATE, id, "n"));
  EXPECT_TRUE(Choice(token_uri(*slot("a;b", "1").token)).fits(slot("a;b", "1")));
}

TEST(Names, OrderEscapesAndErrors) {
  EXPECT_EQ("CN=A B, SURNAME=A, serialNumber=IIN1, C=KZ, GIVENNAME=C",
            name_line(parse_name("CN=A B,SURNAME=A,serialNumber=IIN1,C=KZ,G=C").get()));
  EXPECT_EQ("CN=A\\, B, C=KZ", name_line(parse_name("CN=A\\, B, C=KZ").get()));
  EXPECT_EQ("CN=A, C=KZ", name_line(parse_name("/CN=A/C=KZ").get()));
  for (const char* wrong : {"", "CN", "NONSENSE=1", "C=KAZ", ",", "=x"})
    EXPECT_THROW(parse_name(wrong), Failure) << wrong;
}

TEST(Gost, CurvesByName) {
  for (const char* name : {"A", "B", "C"}) EXPECT_EQ(name, gost_curve_name(*gost_curve(name)));
  EXPECT_FALSE(gost_curve("D"));
}

}  // namespace
}  // namespace kilt::tool
