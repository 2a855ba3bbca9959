// A card that answers out of a recording: what was read of files is put together to whole files,
// so that a driver may read them in other pieces and another order; every other command is
// answered as recorded, or 6D00.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_transport.h"

namespace kilt::test {

/// One command and its answer.
struct Exchange {
  Bytes command, answer;
};

/// Reads a file of tests/data: "> command" and "< answer" lines, everything else is remarks.
[[nodiscard]] std::vector<Exchange> read_recording(const std::string& name);
/// Values of "key=value" lines that start with `first`, by key.
[[nodiscard]] std::vector<std::map<std::string, std::string>> read_vectors(
    const std::string& name, const std::string& first);

class RecordedCard : public CardEndpoint {
 public:
  explicit RecordedCard(const std::vector<Exchange>& recording);

  [[nodiscard]] Bytes atr() const override;
  void reset() override { selected_.reset(); }
  Bytes transmit(BytesView command) override;
  [[nodiscard]] const std::vector<Bytes>& commands() const { return commands_; }

 private:
  struct File {
    Bytes fci, contents;
    std::map<Bytes, Bytes> answers;  ///< LIST and others that depend on the selection
  };
  std::map<Bytes, File> files_;
  std::map<Bytes, Bytes> others_;
  std::optional<Bytes> selected_;
  std::vector<Bytes> commands_;
};

}  // namespace kilt::test
