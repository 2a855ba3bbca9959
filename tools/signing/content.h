// What is signed, read in parts: a file of any size takes no more memory than a small one.
#pragma once

#include <map>
#include <set>
#include <string>

#include "drivers/crypto/hash.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// Read once, from its beginning to its end.
class Content {
 public:
  /// Opens the file ("-": standard input). Throws Failure(kBadInput).
  explicit Content(std::string path);
  /// Bytes that outlive it.
  explicit Content(BytesView memory) noexcept : memory_(memory) {}
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;
  ~Content();

  /// Fills `part`, at least one byte of it; 0: the end. Throws Failure(kBadInput), and
  /// Failure(kInterrupted) if a signal comes.
  std::size_t read(std::span<Byte> part);

 private:
  std::string path_;
  int file_ = -1;
  bool own_ = false;
  BytesView memory_;
};

/// Its digests by each of these hashes, in one reading. Throws as Content::read().
std::map<Hash, Bytes> digests_of(Content& content, const std::set<Hash>& hashes);

}  // namespace kilt::tool
