// The virtual JaCarta against recordings of a real IDProtect card, and against what the vendor's
// driver sends. Every difference is listed and explained in tests/data/jacarta/DIFFERENCES.md.
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/support/paths.h"
#include "tests/virtual/jacarta/tlv.h"
#include "tests/virtual_tests/jacarta_recording.h"

namespace kilt::vtoken::jacarta {
namespace {

/// What is expected to differ: recording -> number of the command (from 1) -> kind.
using Differences = std::map<std::string, std::map<std::size_t, std::string>>;

/// The tables' rows: | recording | commands | kind | reason |
Differences listed() {
  Differences all;
  std::ifstream file(std::string(kilt::test::paths::data()) + "/jacarta/DIFFERENCES.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| hw-") && !line.starts_with("| sim-")) continue;
    std::istringstream cells(line.substr(1));
    std::string name, commands, kind;
    std::getline(cells, name, '|');
    std::getline(cells, commands, '|');
    std::getline(cells, kind, '|');
    const auto trim = [](const std::string& text) {
      const auto from = text.find_first_not_of(' ');
      return text.substr(from, text.find_last_not_of(' ') - from + 1);
    };
    std::istringstream numbers(commands);
    for (std::string number; std::getline(numbers, number, ',');)
      all[trim(name)][std::stoul(number)] = trim(kind);
  }
  return all;
}

Bytes status(const Bytes& answer) { return {answer.end() - 2, answer.end()}; }

/// How the answer to a real card's command differs: the card's own status word, "content" (the
/// length is the same), "length"; or nothing.
std::string difference(const Bytes& recorded, const Bytes& got) {
  if (recorded == got) return "";
  if (status(recorded) != status(got)) return hex(status(got));
  return recorded.size() == got.size() ? "content" : "length";
}

/// The same for a simulator's answer, of which only the success means something.
std::string contradiction(const Bytes& recorded, const Bytes& got) {
  const auto good = [](const Bytes& answer) {
    const Bytes word = status(answer);
    return word[0] == 0x61 || word == Bytes{0x90, 0x00};
  };
  return good(recorded) == good(got) ? "" : hex(status(got));
}

class JacartaReplay : public testing::TestWithParam<std::string> {};

TEST_P(JacartaReplay, AnswersAsRecorded) {
  const Recording recording = read_recording(GetParam());
  const auto card = card_of(recording);
  std::map<std::size_t, std::string> found;
  for (std::size_t i = 0; i < recording.exchanges.size(); ++i) {
    const Exchange& exchange = recording.exchanges[i];
    const Bytes got = replay(*card, exchange);
    if (exchange.answer.empty()) continue;
    const bool real = recording.name.starts_with("hw-");
    const std::string kind =
        real ? difference(exchange.answer, got) : contradiction(exchange.answer, got);
    if (!kind.empty()) found[i + 1] = kind;
  }
  const Differences all = listed();
  const auto expected = all.find(recording.name);
  EXPECT_THAT(found,
              testing::ContainerEq(expected == all.end() ? std::map<std::size_t, std::string>{}
                                                         : expected->second));
}

INSTANTIATE_TEST_SUITE_P(Recordings, JacartaReplay, testing::ValuesIn([] {
                           auto names = recordings("hw-");
                           for (auto& name : recordings("sim-")) names.push_back(name);
                           return names;
                         }()),
                         [](const auto& about) {
                           std::string name = about.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace kilt::vtoken::jacarta
