// The file system of CardOS M4: SELECT by path, READ BINARY, DIRECTORY.
#pragma once

#include <vector>

#include "apdu/card.h"
#include "drivers/pkcs15/files.h"

namespace kilt::etoken::cardos {

class Files : public pkcs15::Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  std::size_t select(BytesView path) override;
  Bytes read(std::size_t offset, std::size_t length) override;
  /// File ids in the DF at `path`. Throws ObjectNotFound.
  std::vector<std::uint16_t> children(BytesView path);
  /// The path leads to something.
  [[nodiscard]] bool exists(BytesView path);

 private:
  apdu::Card* card_;
};

}  // namespace kilt::etoken::cardos
