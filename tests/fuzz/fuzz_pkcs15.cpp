// PKCS#15 directories: the input is a set of files, each with a two-byte id and a two-byte length.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>

#include "drivers/errors.h"
#include "drivers/pkcs15/application.h"
#include "drivers/pkcs15/discovery.h"

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
    kilt::pkcs15::Application application(files, {0x50, 0x15});
    if (!application.load()) return 0;
    static_cast<void>(application.read_pins());
    static_cast<void>(application.read_token_info());
    for (const auto& key : application.objects().keys)
      static_cast<void>(application.read_public_key(key.ref));
    for (const auto& certificate : application.objects().certificates)
      static_cast<void>(application.read_certificate(certificate.ref));
    for (const auto& object : application.objects().data)
      static_cast<void>(application.read_data(object.ref));
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
