// Which tokens a [[delegate]] serves: by reader, by ATR, by label.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/delegate/source.h"
#include "tests/support/softhsm.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::test {
namespace {

using delegate::Rule;

class Selection : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* label : {"first", "second"}) {
      try {
        (void)SoftHsm::instance().token(label);
      } catch (const std::exception&) {
        (void)SoftHsm::instance().new_token(label, "246810");
      }
    }
    readers_ = std::make_unique<MemoryTransport>();
    readers_->add_reader("Aktiv Reader 00");
    readers_->insert("Aktiv Reader 00",
                     std::make_shared<VirtualEndpoint>(vtoken::make_card("kaztoken")));
    readers_->add_reader("Aladdin Reader 01");
    readers_->insert("Aladdin Reader 01",
                     std::make_shared<VirtualEndpoint>(vtoken::make_card("cardos")));
  }
  /// Families and labels of the two cards under the rules.
  std::vector<std::string> served(std::vector<Rule> rules) {
    const auto source = delegate::make_delegated_source(
        make_card_source(std::move(readers_), profiles_), std::move(rules));
    std::vector<std::string> seen;
    for (const char* reader : {"Aktiv Reader 00", "Aladdin Reader 01"}) {
      const auto opened = source->open(reader);
      const TokenOperation operation(*opened);
      const TokenInfo info = opened->token().info();
      seen.push_back(info.family == "delegate" ? info.label : info.family);
    }
    return seen;
  }
  static Rule rule(const char* label) { return SoftHsm::instance().rule(label); }

  ProfileSet profiles_ = ProfileSet::builtin();
  std::unique_ptr<MemoryTransport> readers_;
};

TEST_F(Selection, ByReader) {
  Rule one = rule("first");
  one.reader = "Aladdin";
  EXPECT_THAT(served({one}), testing::ElementsAre("kaztoken", "first"));
}

TEST_F(Selection, ByAtr) {
  Rule one = rule("second");
  one.atr.emplace();
  one.atr->value = VirtualEndpoint(vtoken::make_card("kaztoken")).atr();
  one.atr->mask = Bytes(one.atr->value.size(), 0xFF);
  EXPECT_THAT(served({one}), testing::ElementsAre("second", "cardos"));
}

TEST_F(Selection, ByBothOnlyIfBothFit) {
  Rule one = rule("first");
  one.reader = "Aladdin";
  one.atr.emplace();
  one.atr->value = VirtualEndpoint(vtoken::make_card("kaztoken")).atr();
  one.atr->mask = Bytes(one.atr->value.size(), 0xFF);
  EXPECT_THAT(served({one}), testing::ElementsAre("kaztoken", "cardos"));
}

TEST_F(Selection, TheFirstRuleThatFitsCounts) {
  Rule one = rule("first"), other = rule("second");
  one.reader = "Aladdin";
  other.reader = "Reader";
  EXPECT_THAT(served({one, other}), testing::ElementsAre("second", "first"));
}

TEST_F(Selection, ARuleWithoutReaderIsForNoCardOfOurs) {
  EXPECT_THAT(served({rule("first")}), testing::ElementsAre("kaztoken", "cardos"));
}

TEST_F(Selection, ByLabelAmongTheModulesOwn) {
  const auto labels = [](const Rule& rule) {
    const auto source = delegate::make_module_source(rule);
    std::vector<std::string> seen;
    for (const auto& reader : source->readers()) {
      if (!reader.card_present) continue;
      const auto opened = source->open(reader.name);
      if (opened->token().info().initialized) seen.push_back(opened->token().info().label);
    }
    return seen;
  };
  EXPECT_THAT(labels(rule("second")), testing::ElementsAre("second"));
  EXPECT_THAT(labels(rule("third")), testing::IsEmpty());
  EXPECT_THAT(labels(rule("")), testing::IsSupersetOf({"first", "second"}));
}

TEST_F(Selection, AModuleWithoutSuchATokenIsNoToken) {
  Rule one = rule("third");
  one.reader = "Aladdin";
  EXPECT_THROW((void)served({one}), TokenNotRecognized);
}

}  // namespace
}  // namespace kilt::test
