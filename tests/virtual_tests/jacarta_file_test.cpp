// Files, state and robustness of the virtual JaCarta.
#include <random>

#include <gmock/gmock.h>

#include "tests/virtual/jacarta/tlv.h"
#include "tests/virtual_tests/jacarta_host.h"
#include "tests/virtual_tests/jacarta_recording.h"

namespace kilt::vtoken::jacarta {
namespace {

class JacartaFile : public testing::Test {
 protected:
  JacartaFile() {
    host.select_applet();
    host.select("30003001");
  }
  unsigned create(const std::string& id, std::size_t size, const std::string& name = "") {
    Bytes inner = unhex("8A0104");
    append_tlv(inner, 0x83, unhex(id));
    append_tlv(inner, 0x80, be16(size));
    if (!name.empty()) append_tlv(inner, 0x84, text(name));
    append_tlv(inner, 0x86, Bytes(8, 0));
    Bytes outer;
    append_tlv(outer, 0x62, inner);
    return host.chain("00E00100", outer, false);
  }

  Laser card;
  Host host{card};
};

TEST_F(JacartaFile, WhatACardIs) {
  EXPECT_EQ(hex(card.atr()), "3BDC18FF8191FE1FC38073C821136601061159000128");
  EXPECT_EQ(host.send("80CB011400"), kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(8));
  EXPECT_EQ(host.send("80CB018000"), kOk);
  EXPECT_EQ(hex(host.data()), "0F3F8F");
  EXPECT_EQ(host.send("80CB018800"), kOk);
  EXPECT_EQ(hex(host.data()), "3FC007FF18");
  EXPECT_EQ(host.send("80CB019900"), kNoReference);
  EXPECT_EQ(host.send("00B2000000"), kNoInstruction);
  EXPECT_EQ(host.send("00A4040007A0000002471001"), kNotFound);
}

TEST_F(JacartaFile, ReadTellsHowMuchIsLeft) {
  ASSERT_EQ(create("0601", 643), kOk);
  host.select("300030010601");
  EXPECT_EQ(host.send("00B0000000"), 0x6100U);
  EXPECT_THAT(host.data(), testing::SizeIs(256));
  EXPECT_EQ(host.send("00C0000000"), kConditions) << "not an invitation to GET RESPONSE";
  EXPECT_EQ(host.send("00B0010000"), 0x6183U);
  EXPECT_EQ(host.send("00B0020000"), kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(131));
  EXPECT_EQ(host.send("00B0000010"), kOk) << "with an exact Le there is no hint";
  EXPECT_EQ(host.send("00B0027964"), kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(10));
  EXPECT_EQ(host.send("00B0028300"), kBadOffset);
  card.set("read-more", "9000");
  EXPECT_EQ(host.send("00B0000000"), kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(256));
}

TEST_F(JacartaFile, UpdateStaysInside) {
  ASSERT_EQ(create("0601", 8), kOk);
  host.select("300030010601");
  EXPECT_EQ(host.send("00D6000402AABB"), kOk);
  EXPECT_EQ(host.send("00D6000702AABB"), kNoMemory);
  EXPECT_EQ(host.send("00D6000801AA"), kBadOffset);
  EXPECT_EQ(host.send("00B0000000"), kOk);
  EXPECT_EQ(hex(host.data()), "00000000AABB0000");
}

TEST_F(JacartaFile, ResizingGrowsAndShrinks) {
  ASSERT_EQ(create("0601", 4), kOk);
  host.select("300030010601");
  host.send("00D6000004AABBCCDD");
  Bytes content(600, 0x11);
  Bytes body = unhex("02580000");
  append_tlv(body, 0x62, content);
  EXPECT_EQ(host.chain("80320003", body, false), kOk);
  host.send("00B0010000");
  EXPECT_THAT(host.data(), testing::Each(0x11));
  EXPECT_EQ(host.send("803200030A"
                      "00040002"
                      "62820002"
                      "2222"),
            kOk);
  EXPECT_EQ(host.send("00B0000000"), kOk);
  EXPECT_EQ(hex(host.data()), "11112222");
  EXPECT_EQ(host.send("8032000308"
                      "00020001"
                      "62022222"),
            kBadData)
      << "beyond the new size";
  EXPECT_EQ(host.send("8032000308"
                      "FF000000"
                      "62022222"),
            kNoMemory);
}

TEST_F(JacartaFile, ListNewestFirst) {
  ASSERT_EQ(create("0601", 1, "first"), kOk);
  ASSERT_EQ(create("0602", 1), kOk);
  EXPECT_EQ(host.send("8030010000"), kOk);
  EXPECT_EQ(hex(host.data()), "D1020003D2020602D20706016669727374D20A867F636D617066696C65");
  EXPECT_EQ(host.send("8030080000"), kOk);
  EXPECT_EQ(hex(host.data()), "D1020000");
  host.select("3000");
  EXPECT_EQ(host.send("8030380000"), kOk);
  EXPECT_EQ(hex(host.data()), "D1020003D20430034D44D209300250524956415445D20830015055424C4943");
}

TEST_F(JacartaFile, LongListsInParts) {
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(create("06" + hex({static_cast<std::uint8_t>(i)}), 1, "object"), kOk);
  const Bytes whole = host.all(host.send("8030010000"));
  EXPECT_THAT(whole, testing::SizeIs(4 + 40 * 10 + 12));
  card.set("long-list", "truncated");
  EXPECT_EQ(host.send("8030010000"), kOk);
  EXPECT_THAT(host.data(), testing::SizeIs(256));
}

TEST_F(JacartaFile, CreateSelectsNothingUnlessAsked) {
  ASSERT_EQ(create("0601", 4), kOk);
  EXPECT_EQ(host.send("00B0000000"), kNoFile) << "the folder is still selected";
  card.set("create-selects", "yes");
  ASSERT_EQ(create("0602", 4), kOk);
  EXPECT_EQ(host.send("00B0000000"), kOk);
}

TEST_F(JacartaFile, MemoryEnds) {
  const auto free = [&] {
    host.send("80CB011100");
    return (host.data()[2] << 8) | host.data()[3];
  };
  const int before = free();
  ASSERT_EQ(create("0601", 0x5000), kOk);
  EXPECT_LE(free(), before - 0x5000);
  EXPECT_EQ(create("0602", 0x5000), kOk);
  EXPECT_EQ(create("0603", 0x5000), kNoMemory);
  host.select("300030010601");
  EXPECT_EQ(host.send("00E40000"), kOk);
  EXPECT_EQ(create("0603", 0x5000), kOk);
}

TEST_F(JacartaFile, MalformedCreations) {
  for (const char* body : {
           "6200",                                        // empty
           "620483020601",                                // no rules
           "61028A01",                                    // not 62
           "6210830206018002000186060000000000 00",       // three rules
           "620B8302068002000186020000",                  // a wrong length inside
           "6213800101830206018608000000000000000 08A01"  // a size of one byte
       })
    EXPECT_EQ(host.chain("00E00100", unhex(body), false), kBadData) << body;
  EXPECT_EQ(host.send("00E0020003620100"), kBadParameters);
}

TEST_F(JacartaFile, BlankCardBecomesWhatTheVendorsSoftwareMakes) {
  const auto ids = [](File& root) {
    std::vector<std::string> found;
    const auto walk = [&](const auto& self, const File& at, const std::string& path) -> void {
      found.push_back(path);
      for (const auto& child : at.children)
        self(self, *child,
             path + "/" + hex(be16(child->id)) + ":" + hex(child->access) + ":" + hex(child->name));
    };
    walk(walk, root, "");
    std::ranges::sort(found);
    return found;
  };
  const Recording recording = read_recording("sim-init");
  const auto formatted = card_of(recording);
  EXPECT_THAT(ids(formatted->master()), testing::SizeIs(2)) << "one transport PIN";
  for (const Exchange& exchange : recording.exchanges) replay(*formatted, exchange);
  // The vendor's driver re-creates cmapfile with the user's rules: see its 86.
  File* map = card.master().child(0x3000)->child(0x3001)->child(0x867F);
  map->access = unhex("0000002000200020");
  EXPECT_EQ(ids(formatted->master()), ids(card.master()));
  EXPECT_EQ(formatted->master().child(0x3000)->child(0x3001)->child(0x867F)->body, map->body);
  EXPECT_EQ(formatted->master().child(0x3000)->child(0xEEEE)->body,
            card.master().child(0x3000)->child(0xEEEE)->body);
}

/// Types and flags of an attribute file's entries.
std::string skeleton(const Bytes& file) {
  std::string found = hex(Bytes(file.begin(), file.begin() + 4));
  const std::size_t end = (static_cast<std::size_t>(file.at(4)) << 8) | file.at(5);
  for (std::size_t at = 7; at < end;) {
    if (file.at(at) == 0xFF) {
      ++at;
      continue;
    }
    found += " " + hex(Bytes(file.begin() + static_cast<std::ptrdiff_t>(at),
                             file.begin() + static_cast<std::ptrdiff_t>(at) + 3));
    at += 5 + ((static_cast<std::size_t>(file.at(at + 3)) << 8) | file.at(at + 4));
  }
  return found;
}

TEST_F(JacartaFile, SamplesAreLikeTheRecordedFiles) {
  const std::pair<const char*, const char*> both[] = {{"athena", "hw-unwrap-des"},
                                                      {"aladdin", "sim-changepin"}};
  for (const auto& [personality, name] : both) {
    Laser filled;
    filled.set("personality", personality);
    filled.set("state", "filled");
    const auto recorded = card_of(read_recording(name));
    int compared = 0;
    for (const std::uint16_t folder : std::initializer_list<std::uint16_t>{0x3001, 0x3002})
      for (const std::uint16_t id :
           std::initializer_list<std::uint16_t>{0x0140, 0x0200, 0x8400, 0x867F}) {
        const File* theirs = recorded->master().child(0x3000)->child(folder)->child(id);
        const File* ours = filled.master().child(0x3000)->child(folder)->child(id);
        EXPECT_EQ(theirs == nullptr, ours == nullptr) << personality << " " << id;
        if (theirs == nullptr || ours == nullptr) continue;
        ++compared;
        EXPECT_EQ(skeleton(ours->body), skeleton(theirs->body));
        EXPECT_EQ(hex(ours->access), hex(theirs->access)) << personality << " " << id;
        EXPECT_EQ(ours->name, theirs->name);
        if (name[0] == 'h') {
          EXPECT_EQ(ours->size, theirs->size);
        }
      }
    EXPECT_GE(compared, 3);
  }
}

TEST_F(JacartaFile, SampleKeysWork) {
  for (const char* personality : {"athena", "aladdin"}) {
    Laser filled;
    filled.set("personality", personality);
    filled.set("state", "filled");
    Host on(filled);
    on.select_applet();
    on.login("0020", "11111111");
    ASSERT_EQ(on.select("300030020041"), kOk);
    EXPECT_THAT(on.all(on.send("002A9E8A0480020102"
                               "00")),
                testing::SizeIs(personality[1] == 't' ? 128 : 256));
    on.select("30003001867F");
    on.send("00B0000C14");
    EXPECT_THAT(on.data(), testing::Not(testing::Each(0)));
  }
}

TEST_F(JacartaFile, StateSurvives) {
  host.login("0020", "99999999");
  host.login("0010", "00000000");
  ASSERT_EQ(host.chain("00E00100",
                       unhex("62"
                             "15"
                             "8A01048302060180020004"
                             "86080000000000000000"),
                       false),
            kOk);
  const nlohmann::json state = card.save();
  Laser other;
  other.load(state);
  EXPECT_EQ(other.save(), state);
  Host on(other);
  EXPECT_EQ(on.select("0601"), kNoClass) << "nothing is selected after power-on";
  on.select_applet();
  EXPECT_EQ(on.select("0601"), kOk);
  EXPECT_EQ(on.send("00200000"), kConditions);
  on.select("0020");
  EXPECT_EQ(on.send("00200000"), 0x63C9U);
  EXPECT_THROW(other.load({{"kind", "kaztoken"}}), std::invalid_argument);
  nlohmann::json broken = state;
  broken["files"]["children"][0]["access"] = "00";
  EXPECT_ANY_THROW(other.load(broken));
  EXPECT_EQ(other.save(), state) << "a bad document changes nothing";
  EXPECT_THROW(other.set("personality", "athena"), std::invalid_argument) << "a used card";
  EXPECT_THROW(other.set("personality", "thales"), std::invalid_argument);
  EXPECT_THROW(other.set("colour", "blue"), std::invalid_argument);
}

TEST_F(JacartaFile, PowerFailsBeforeTheWrite) {
  card.set("power-loss", "2");
  ASSERT_EQ(create("0601", 4), kOk);
  host.select("300030010601");
  EXPECT_THROW(host.send("00D6000002AABB"), PowerLoss);
  card.reset();
  host.select_applet();
  host.select("300030010601");
  EXPECT_EQ(host.send("00B0000000"), kOk);
  EXPECT_EQ(hex(host.data()), "00000000");
  EXPECT_EQ(host.send("00D6000002AABB"), kOk) << "once";
  host.login("0020", "11111111");
  host.select("0020");
  card.set("power-loss", "1");
  EXPECT_THROW(host.send("802400000A"
                         "62088106313233343536"),
               PowerLoss);
  card.reset();
  host.select_applet();
  EXPECT_EQ(host.login("0020", "11111111"), kOk) << "the old PIN";
}

// Any bytes are answered with at least a status word, and nothing is thrown.
TEST_F(JacartaFile, AnyBytesAreAnswered) {
  std::mt19937 dice(20261124);
  std::vector<Bytes> seeds;
  for (const char* name : {"hw-generate-rsa1024-private", "hw-sm-zero-secret", "hw-crypto-rsa-aes",
                           "sim-changepin", "sim-keygen"})
    for (const Exchange& exchange : read_recording(name).exchanges)
      if (exchange.command.at(1) != 0x47) seeds.push_back(exchange.command);
  host.login("0020", "11111111");
  for (int i = 0; i < 20000; ++i) {
    Bytes command = seeds[dice() % seeds.size()];
    for (unsigned changes = dice() % 4; changes > 0; --changes)
      command[dice() % command.size()] = static_cast<std::uint8_t>(dice());
    if (dice() % 8 == 0) command.resize(dice() % (command.size() + 1));
    if (command.size() > 1 && command[1] == 0x47) continue;  // generation takes too long
    if (i % 500 == 0) host.select_applet();
    ASSERT_GE(card.transmit(command).size(), 2U);
  }
}

}  // namespace
}  // namespace kilt::vtoken::jacarta
