// The descriptions of the virtual tokens (kinds.json) against the tokens themselves.
#include "tests/virtual/facts.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/virtual/card.h"

namespace kilt::vtoken {
namespace {

void apply(Card& card, const nlohmann::ordered_json& options) {
  for (const std::string option : options) {
    const std::size_t equals = option.find('=');
    ASSERT_NE(std::string::npos, equals) << option;
    EXPECT_NO_THROW(card.set(option.substr(0, equals), option.substr(equals + 1))) << option;
  }
}

TEST(Facts, EveryKindHasThemAndEveryNameIsUnique) {
  std::set<std::string> names;
  for (const auto& entry : facts())
    EXPECT_TRUE(names.insert(entry.at("name")).second) << entry.at("name");
  for (const Kind& kind : kinds()) EXPECT_TRUE(names.contains(kind.name)) << kind.name;
}

TEST(Facts, TheSwitchesAreOnesThatTheTokenHas) {
  for (const auto& entry : facts()) {
    SCOPED_TRACE(entry.at("name").get<std::string>());
    for (const char* field : {"options", "blank"}) {
      if (!entry.contains(field)) continue;
      const auto card = make_card(entry.at("kind"));
      apply(*card, entry.at(field));
    }
  }
}

TEST(Facts, WhatScriptsRelyOnIsThere) {
  const std::set<std::string> prepared{"ready", "formatted", "blank"}, types{"RSA", "EC"};
  for (const auto& entry : facts()) {
    SCOPED_TRACE(entry.at("name").get<std::string>());
    EXPECT_TRUE(prepared.contains(entry.at("prepared")));
    EXPECT_TRUE(types.contains(entry.at("key")));
    EXPECT_FALSE(entry.at("title").get<std::string>().empty());
    if (entry.contains("clients")) {
      EXPECT_TRUE(entry.contains("label"));
    }
    // A PIN can only be used up by somebody who knows it, or sets it.
    if (entry.contains("tries")) {
      EXPECT_TRUE(entry.contains("user_pin") || entry.at("prepared") == "blank");
      EXPECT_TRUE(entry.contains("pin_change") && entry.contains("unblock"));
    }
    if (entry.contains("apdus")) {
      for (const char* step : {"login", "first", "further"})
        EXPECT_TRUE(entry.at("apdus").at(step).is_number_unsigned()) << step;
    }
  }
}

}  // namespace
}  // namespace kilt::vtoken
