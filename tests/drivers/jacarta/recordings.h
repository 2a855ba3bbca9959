// Recorded exchanges (format: tests/data/jacarta/README.md) as the driver's tests want them: the
// commands with what the host got for them, and the files that went over the wire.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"

namespace kilt::jacarta::test {

/// One side of an exchange, and what it says under secure messaging.
struct Message {
  Bytes bytes;
  std::optional<Bytes> host_saw;    ///< an answer that somebody changed on its way
  std::optional<unsigned> counter;  ///< the MAC's, if it is known
  std::optional<Bytes> plain;       ///< decrypted data with its padding
  bool mac_good = true;
};

struct Exchange {
  Message command, answer;  ///< the answer with its status word; empty: not recorded

  [[nodiscard]] bool ok() const;
  [[nodiscard]] BytesView data() const;  ///< of the answer
};

struct Recording {
  std::string name;
  std::vector<Exchange> exchanges;
  /// `@ file` lines: path -> content before the first command.
  std::map<std::string, Bytes> files;
};

/// All recordings whose name begins so.
[[nodiscard]] std::vector<Recording> recordings(const std::string& prefix);
[[nodiscard]] Recording recording(const std::string& name);

/// A file that was read or written whole, by its path from the MF in hex.
struct SeenFile {
  std::string recording, path;
  Bytes contents;
};
/// Follows SELECT, READ, UPDATE and INS 32 in clear.
[[nodiscard]] std::vector<SeenFile> files_in(const Recording& recording);

/// Lines of vectors.txt with this first word, as key -> bytes; `text` has those not in hex.
struct Vector {
  std::map<std::string, std::string> text;
  [[nodiscard]] Bytes bytes(const std::string& key) const;
};
[[nodiscard]] std::vector<Vector> vectors(const std::string& name);

}  // namespace kilt::jacarta::test
