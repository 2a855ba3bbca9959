// Recorded exchanges in the format of tests/data/jacarta/README.md, and the virtual card in the
// state in which the recorded one was.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/virtual/jacarta/laser.h"

namespace kilt::vtoken::jacarta {

struct Exchange {
  Bytes command, answer;         ///< the answer with its status word; empty: not recorded
  std::optional<Bytes> inside;   ///< under secure messaging: the answer's decrypted data, padded
  bool answer_replaced = false;  ///< what the card sent is not known: somebody changed it
};

struct Recording {
  std::string name;
  std::vector<std::vector<std::string>> state;  ///< the lines with @, as words
  std::vector<Exchange> exchanges;
};

/// Throws std::runtime_error if there is no such file or it is malformed.
Recording read_recording(const std::string& name);
/// All names with that beginning, sorted.
std::vector<std::string> recordings(const std::string& prefix);
/// A card as the recorded one was before the first command.
std::unique_ptr<Laser> card_of(const Recording& recording);
/// Gives the exchange's command to the card, which takes its random numbers from the recorded
/// answer.
Bytes replay(Laser& card, const Exchange& exchange);

}  // namespace kilt::vtoken::jacarta
