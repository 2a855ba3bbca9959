#include "drivers/files/file_name.h"

#include <gtest/gtest.h>

namespace kilt::files {
namespace {

TEST(FileName, TheCasNames) {
  const auto name = read_name("/x/GOST512_8b986305689a46bd3783c26cc31f33254e9f031e.p12");
  EXPECT_EQ("GOST512", name.kind);
  EXPECT_EQ(from_hex("8b986305689a46bd3783c26cc31f33254e9f031e"), name.key_id);
  EXPECT_EQ("GOST512 8b986305", name.label);
  EXPECT_EQ("AUTH_RSA256",
            read_name("AUTH_RSA256_d682726b55b3e62600ea8fe1c74e75fc96f47790.p12").kind);
  EXPECT_EQ("RSA256", read_name("RSA256_d682726b55b3e62600ea8fe1c74e75fc96f47790.p12").kind);
}

TEST(FileName, OtherNames) {
  for (const char* other : {"key.p12", "GOST512_8b98.p12", "_.p12", "Кілт.p12",
                            "GOST512_8b986305689a46bd3783c26cc31f33254e9f031g.p12"}) {
    const auto name = read_name(other);
    EXPECT_TRUE(name.key_id.empty()) << other;
    EXPECT_FALSE(name.label.empty()) << other;
  }
  EXPECT_LE(read_name(std::string(200, 'a') + ".p12").label.size(), 32U);
}

TEST(FileName, WhatIsAKeyFile) {
  EXPECT_TRUE(is_key_file("a.p12"));
  EXPECT_TRUE(is_key_file("A.PFX"));
  EXPECT_FALSE(is_key_file(".hidden.p12"));
  EXPECT_FALSE(is_key_file("a.p12.new"));
  EXPECT_FALSE(is_key_file("a.jks"));
}

TEST(FileName, OfALabel) {
  EXPECT_EQ("My key.p12", name_for("My key"));
  EXPECT_EQ("etcpasswd.p12", name_for("../../etc/passwd"));
  EXPECT_EQ("key.p12", name_for("///"));
  EXPECT_EQ("Кілт.p12", name_for("Кілт  "));
  EXPECT_LE(name_for(std::string(1000, 'x')).size(), 110U);
}

}  // namespace
}  // namespace kilt::files
