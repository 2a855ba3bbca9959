// A host for the virtual JaCarta: sends commands written in hexadecimal, logs in, wraps.
#pragma once

#include <string>

#include "tests/virtual/jacarta/laser.h"

namespace kilt::vtoken::jacarta {

class Host {
 public:
  explicit Host(Laser& card) : card_(card) {}

  /// The status word; the data is in data(). GET RESPONSE is not done by itself.
  unsigned send(const Bytes& command);
  unsigned send(const std::string& hexadecimal);
  /// In parts of 255 bytes with the chaining bit; `le`: ask for an answer at the end.
  unsigned chain(const std::string& header, const Bytes& data, bool le);
  /// All of a long answer.
  Bytes all(unsigned sw);
  [[nodiscard]] const Bytes& data() const { return data_; }

  unsigned select_applet();
  /// By path below the master file, without asking for information.
  unsigned select(const std::string& path);
  /// Tag 62 of the file at that path.
  Bytes information(const std::string& path);
  /// Selects the PIN, asks for a challenge, answers it.
  unsigned login(const std::string& pin, const std::string& value);

  void open_channel();
  /// Wraps the command; the status word is the inner one, or that of the card if it refused the
  /// message. `damage`: a bit of the MAC is wrong.
  unsigned secure(const std::string& hexadecimal, bool damage = false);

 private:
  Laser& card_;
  Bytes data_;
  Bytes enc_, mac_;
  std::uint64_t counter_ = 0;
};

Bytes text(const std::string& characters);

}  // namespace kilt::vtoken::jacarta
