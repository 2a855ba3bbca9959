// An incremental update (ISO 32000-1, 7.5.6): objects, a cross-reference section and a trailer
// behind what is there.
#pragma once

#include <map>
#include <string>

#include "tools/signing/pdf_file.h"

namespace kilt::tool {

class PdfUpdate {
 public:
  /// Behind `size` bytes of a file that may lack its last line end.
  explicit PdfUpdate(BytesView file);

  /// Adds `body` as object `number`; where it begins in the file, bytes.
  std::size_t add(int number, const std::string& body, int generation = 0);
  /// The same for an object that is there already, as it is now.
  void replace(QPDFObjectHandle reference, QPDFObjectHandle contents);
  /// The section and the trailer, of the kind that the file has. `next` is the first free number.
  void finish(PdfFile& file, int next);
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  [[nodiscard]] std::size_t position() const noexcept { return begin_ + text_.size(); }
  [[nodiscard]] std::string trailer_entries(PdfFile& file, int size) const;
  void write_table(PdfFile& file, int next);
  void write_stream(PdfFile& file, int next);

  struct Place {
    std::size_t offset;
    int generation;
  };
  std::size_t begin_;
  std::string text_;
  std::map<int, Place> places_;
};

}  // namespace kilt::tool
