// A PKCS#15 file system in memory, for tests of the code above it. Power can fail at the n-th
// write.
#pragma once

#include <map>
#include <string>

#include "drivers/errors.h"
#include "drivers/pkcs15/directory.h"

namespace kilt::test {

class MemoryFiles : public pkcs15::WritableFiles {
 public:
  struct PowerFailure {};

  std::size_t select(BytesView path) override {
    selected_ = key(path);
    if (!files.contains(selected_)) throw ObjectNotFound("no such file");
    return files[selected_].size();
  }
  Bytes read(std::size_t offset, std::size_t length) override {
    ++reads;
    const Bytes& file = files.at(selected_);
    if (offset > file.size()) return {};
    const std::size_t size = std::min(length, file.size() - offset);
    return to_bytes(BytesView(file).subspan(offset, size));
  }
  void create(BytesView path, pkcs15::FileUse, std::size_t size) override {
    about_to_write();
    if (files.contains(key(path))) throw Inconsistent("exists");
    files[key(path)] = Bytes(size, 0);
  }
  void update(std::size_t offset, BytesView data) override {
    while (!data.empty()) {
      about_to_write();
      const BytesView piece = data.first(std::min(max_update(), data.size()));
      Bytes& file = files.at(selected_);
      if (offset + piece.size() > file.size()) throw TokenFull();
      std::copy(piece.begin(), piece.end(), file.begin() + static_cast<std::ptrdiff_t>(offset));
      offset += piece.size();
      data = data.subspan(piece.size());
    }
  }
  [[nodiscard]] std::size_t max_update() const override { return 32; }
  void remove(BytesView path) override {
    about_to_write();
    if (files.erase(key(path)) == 0) throw ObjectNotFound("no such file");
  }

  /// By hexadecimal path without 3F00.
  std::map<std::string, Bytes> files;
  /// The power fails just before the n-th write from now on; 0: never.
  unsigned power_fails_at = 0;
  unsigned reads = 0;
  unsigned writes = 0;

 private:
  static std::string key(BytesView path) { return to_hex(pkcs15::relative_path(path)); }
  void about_to_write() {
    ++writes;
    if (power_fails_at != 0 && --power_fails_at == 0) throw PowerFailure();
  }
  std::string selected_;
};

}  // namespace kilt::test
