// PKCS#15 directories: the input is a set of files, each with a two-byte id and a two-byte length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

#include "drivers/errors.h"
#include "drivers/pkcs15/discovery.h"
#include "drivers/pkcs15/objects.h"

namespace {

using kilt::Bytes;
using kilt::BytesView;

class FuzzFiles : public kilt::pkcs15::Files {
 public:
  explicit FuzzFiles(BytesView input) {
    while (input.size() >= 4) {
      const auto id = static_cast<std::uint16_t>(kilt::read_be(input.first(2)));
      const std::size_t size =
          std::min<std::size_t>(kilt::read_be(input.subspan(2, 2)), input.size() - 4);
      files_[id] = kilt::to_bytes(input.subspan(4, size));
      input = input.subspan(4 + size);
    }
  }
  std::size_t select(BytesView path) override {
    if (path.size() < 2) throw kilt::ObjectNotFound("no such file");
    const auto found = files_.find(static_cast<std::uint16_t>(kilt::read_be(path.last(2))));
    if (found == files_.end()) throw kilt::ObjectNotFound("no such file");
    current_ = &found->second;
    return current_->size();
  }
  Bytes read(std::size_t offset, std::size_t length) override {
    if (current_ == nullptr || offset >= current_->size()) return {};
    const BytesView rest = BytesView(*current_).subspan(offset);
    return kilt::to_bytes(rest.first(std::min(length, rest.size())));
  }
  [[nodiscard]] BytesView file(std::uint16_t id) const {
    const auto found = files_.find(id);
    return found == files_.end() ? BytesView() : BytesView(found->second);
  }

 private:
  std::map<std::uint16_t, Bytes> files_;
  const Bytes* current_ = nullptr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzFiles files(BytesView(data, size));
  try {
    static_cast<void>(kilt::pkcs15::decode_dir(files.file(0x2F00)));
    kilt::pkcs15::Objects objects(files, {0x50, 0x15});
    if (!objects.load()) return 0;
    static_cast<void>(objects.read_pins());
    static_cast<void>(objects.read_token_info());
    for (const auto& key : objects.list().keys) static_cast<void>(objects.read_public_key(key.ref));
    for (const auto& certificate : objects.list().certificates)
      static_cast<void>(objects.read_certificate(certificate.ref));
    for (const auto& object : objects.list().data) static_cast<void>(objects.read_data(object.ref));
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
