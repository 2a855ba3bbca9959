#include "tools/terminal/text.h"

#include <clocale>

#include <gtest/gtest.h>

#include "tools/terminal/bytes.h"

namespace kilt::tool {
namespace {

TEST(Text, CleanedOfWhatSteersATerminal) {
  EXPECT_EQ("Тест Қ 1", clean("Тест Қ 1"));
  EXPECT_EQ("a\uFFFD[31mb", clean("a\x1B[31mb"));
  EXPECT_EQ("\uFFFD\uFFFD", clean("\xC0\xAF")) << "overlong";
  EXPECT_EQ("x\uFFFDy", clean("x\u202Ey")) << "turns the writing direction";
  EXPECT_EQ("\uFFFD", clean("\x9B")) << "a bare C1 byte";
  EXPECT_GE(4096U * 3, clean(std::string(100000, '\x01')).size());
}

TEST(Text, WidthCountsColumns) {
  std::setlocale(LC_ALL, "C.UTF-8");
  EXPECT_EQ(5U, width("Қазақ"));
  EXPECT_EQ(0U, width(""));
}

TEST(Text, Wrapped) {
  EXPECT_EQ("one two\n  three", wrap("one two three", 8, 2));
  EXPECT_EQ("averylongword", wrap("averylongword", 4, 0));
}

TEST(Text, MessagesAreFilled) { EXPECT_EQ("0 of 7 free", tr("{0} of {1} free", 0, 7)); }

TEST(Text, PrintableKeepsLinesAndColoursOnly) {
  EXPECT_EQ("a\nb", printable("a\nb"));
  EXPECT_EQ("\033[1;31mred\033[0m", printable("\033[1;31mred\033[0m"));
  EXPECT_EQ("\uFFFD[2J", printable("\033[2J")) << "clears the screen";
  EXPECT_EQ("\uFFFD]0;title\uFFFD", printable("\033]0;title\007"));
  EXPECT_EQ("\uFFFD[1111111m", printable("\033[1111111m"));
  EXPECT_EQ("a\uFFFDb", printable("a\u202Eb")) << "turns the direction";
  EXPECT_EQ("a\uFFFDb", printable("a\u009Bb")) << "CSI in one character";
  EXPECT_EQ(10000U, printable(std::string(10000, 'a')).size());
}

TEST(Text, PlainIsWhatSteersNothing) {
  const auto plain = [](std::string_view text) { return is_plain(view(text)); };
  EXPECT_TRUE(plain("-----BEGIN CERTIFICATE-----\r\n\tҚазақ"));
  EXPECT_FALSE(plain("\033[0m"));
  EXPECT_FALSE(plain("\x30\x82\x01"));
  EXPECT_FALSE(plain(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace kilt::tool
