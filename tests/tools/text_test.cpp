#include "tools/text.h"

#include <clocale>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace kilt::tool
