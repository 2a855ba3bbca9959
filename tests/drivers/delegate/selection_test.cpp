// Which tokens a [[delegate]] serves: by reader, by ATR, by label.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/delegate/source.h"
#include "drivers/registry.h"
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
    readers_ = std::make_unique<apdu::MemoryTransport>();
    readers_->add_reader("Aktiv Reader 00");
    readers_->insert("Aktiv Reader 00",
                     std::make_shared<VirtualEndpoint>(vtoken::make_card("kaztoken")));
    readers_->add_reader("Aladdin Reader 01");
    readers_->insert("Aladdin Reader 01",
                     std::make_shared<VirtualEndpoint>(vtoken::make_card("cardos")));
  }
  /// Families and labels of the two cards under the rules.
  std::vector<std::string> served(std::vector<Rule> rules) {
    const auto transport =
        delegate::make_delegating_transport(std::move(readers_), std::move(rules));
    std::vector<std::string> seen;
    for (const char* reader : {"Aktiv Reader 00", "Aladdin Reader 01"}) {
      apdu::Card card(transport->connect(reader));
      const auto token = open_token(card, ProfileSet::builtin());
      const TokenInfo info = token->info();
      seen.push_back(info.family == "delegate" ? info.label : info.family);
    }
    return seen;
  }
  static Rule rule(const char* label) { return SoftHsm::instance().rule(label); }

  std::unique_ptr<apdu::MemoryTransport> readers_;
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
    const auto transport = delegate::make_module_transport(rule);
    std::vector<std::string> seen;
    for (const auto& reader : transport->readers()) {
      if (!reader.card_present) continue;
      apdu::Card card(transport->connect(reader.name));
      const auto token = open_token(card, ProfileSet::builtin());
      if (token->info().initialized) seen.push_back(token->info().label);
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
