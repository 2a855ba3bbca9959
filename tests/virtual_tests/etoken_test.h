// Helpers of the virtual eTokens' tests: commands and answers as hexadecimal text.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tests/virtual/card.h"

namespace kilt::vtoken::test {

inline Bytes bytes(const std::string& text) {
  Bytes out;
  std::string digits;
  for (const char letter : text)
    if (letter != ' ') digits += letter;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  return out;
}

inline std::string hex(const Bytes& value) {
  static const char* const digits = "0123456789ABCDEF";
  std::string out;
  for (const std::uint8_t byte : value) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

inline Bytes join(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// A command with the length of its data put in, and an Le of 00.
inline std::string command(const std::string& header, const Bytes& data, bool le = true) {
  Bytes out = bytes(header);
  if (data.size() > 255) {
    out.push_back(0);
    out.push_back(static_cast<std::uint8_t>(data.size() >> 8));
  }
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out = join(out, data);
  if (le) out.insert(out.end(), data.size() > 255 ? 2 : 1, 0x00);
  return hex(out);
}

/// A card of this kind, powered up, that takes and gives hexadecimal text.
class TestCard {
 public:
  explicit TestCard(const std::string& kind) : card_(make_card(kind)) { card_->reset(); }

  Bytes send(const std::string& text) { return card_->transmit(bytes(text)); }
  /// The whole answer as text.
  std::string operator()(const std::string& text) { return hex(send(text)); }
  /// The data of an answer that must be 9000; what 61xx announces is fetched.
  Bytes data(const std::string& text) {
    Bytes answer = send(text);
    EXPECT_GE(answer.size(), 2U);
    while (answer.size() >= 2 && answer[answer.size() - 2] == 0x61) {
      const std::string rest = "00C00000" + hex({answer.back()});
      answer.resize(answer.size() - 2);
      answer = join(answer, send(rest));
    }
    EXPECT_EQ("9000", hex({answer.end() - 2, answer.end()})) << text;
    answer.resize(answer.size() - 2);
    return answer;
  }
  Card* operator->() const { return card_.get(); }

  /// Takes the state out, lets `edit` change it, puts it back.
  template <typename Edit>
  void edit_state(Edit edit) {
    nlohmann::json state = card_->save();
    edit(state);
    card_->load(state);
  }

 private:
  std::unique_ptr<Card> card_;
};

struct Exchange {
  std::string command, answer;
};

/// The exchanges of a recording in tests/data/etoken, blanks removed.
inline std::vector<Exchange> recording(const std::string& name) {
  std::ifstream file(std::string(kilt::test::paths::data()) + "/etoken/" + name);
  EXPECT_TRUE(file) << name;
  std::vector<Exchange> exchanges;
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    if (line.empty()) continue;
    const bool is_command = line[0] == '>';
    std::string digits;
    for (const char letter : line.substr(1))
      if (letter != ' ') digits += letter;
    if (is_command)
      exchanges.push_back({digits, ""});
    else
      exchanges.back().answer = digits;
  }
  return exchanges;
}

/// The lines of login-vectors.txt of this kind, by field.
inline std::vector<std::map<std::string, std::string>> vectors(const std::string& kind) {
  std::ifstream file(std::string(kilt::test::paths::data()) + "/etoken/login-vectors.txt");
  std::vector<std::map<std::string, std::string>> found;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::map<std::string, std::string> fields;
    std::istringstream words(line);
    for (std::string word; words >> word;)
      fields[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    if (fields["kind"] == kind) found.push_back(fields);
  }
  EXPECT_FALSE(found.empty()) << kind;
  return found;
}

}  // namespace kilt::vtoken::test
