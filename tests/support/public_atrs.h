// The cards of tests/data/public_atrs.txt: public ATRs with the family that serves them.
#pragma once

#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "tests/support/test_data.h"

namespace kilt::test {

struct PublicAtr {
  std::string family;  ///< "-": none of ours
  Bytes atr;
};

inline std::vector<PublicAtr> public_atrs() {
  std::vector<PublicAtr> atrs;
  for (const std::string& line : data_lines("public_atrs.txt")) {
    const auto blank = line.find(' ');
    atrs.push_back({line.substr(0, blank), from_hex(line.substr(blank))});
  }
  return atrs;
}

}  // namespace kilt::test
