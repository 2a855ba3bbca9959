// Plain text data of tests/data: values in hexadecimal by name, and recorded exchanges.
#pragma once

#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "apdu/bytes.h"
#include "tests/support/paths.h"

namespace kilt::test {

inline std::vector<std::string> data_lines(const std::string& file) {
  std::ifstream stream(std::string(paths::data()) + "/" + file);
  EXPECT_TRUE(stream) << file << " is missing";
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);)
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  return lines;
}

/// `name =` and behind or below it hexadecimal digits.
inline std::map<std::string, Bytes> read_values(const std::string& file) {
  std::map<std::string, Bytes> values;
  std::string name;
  for (const std::string& line : data_lines(file)) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) name = line.substr(0, line.find(' '));
    append(values[name], from_hex(equals == std::string::npos ? line : line.substr(equals + 1)));
  }
  return values;
}

/// A recorded exchange. The answer's bytes may be unknown.
struct Exchange {
  Bytes command;
  std::vector<int> answer;  ///< -1: any byte

  [[nodiscard]] bool matches(BytesView bytes) const {
    if (bytes.size() != answer.size()) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      if (answer[i] >= 0 && answer[i] != bytes[i]) return false;
    return true;
  }
};

/// Lines `> command` and `< answer`; `.. xN` stands for N bytes of any value.
inline std::vector<Exchange> read_exchanges(const std::string& file) {
  std::vector<Exchange> exchanges;
  for (const std::string& line : data_lines(file)) {
    if (line.front() == '>') {
      exchanges.push_back({from_hex(line.substr(1)), {}});
      continue;
    }
    std::istringstream words(line.substr(1));
    for (std::string word; words >> word;) {
      if (word == "..") {
        words >> word;
        exchanges.back().answer.insert(exchanges.back().answer.end(), std::stoul(word.substr(1)),
                                       -1);
      } else {
        for (const Byte byte : from_hex(word)) exchanges.back().answer.push_back(byte);
      }
    }
  }
  return exchanges;
}

}  // namespace kilt::test
