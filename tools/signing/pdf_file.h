// A PDF as libqpdf reads it, and where its own bytes end: what both sides of pdf.h need.
#pragma once

#include <string>

#include "tools/signing/libqpdf.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

class PdfFile {
 public:
  /// `bytes` must outlive it. Throws Failure(kBadInput): no PDF, damaged, encrypted.
  explicit PdfFile(BytesView bytes);

  [[nodiscard]] QPDFObjectHandle root() { return qpdf_.getRoot(); }
  [[nodiscard]] QPDFObjectHandle trailer() { return qpdf_.getTrailer(); }
  /// The first leaf of the page tree; an indirect object. Throws Failure(kBadInput).
  [[nodiscard]] QPDFObjectHandle first_page();
  /// A number that no object has, nor any behind it.
  [[nodiscard]] int next_number();
  /// A reference to an object that will have this number.
  [[nodiscard]] QPDFObjectHandle reference(int number) { return qpdf_.getObjectByID(number, 0); }
  /// Where the last cross-reference section begins, and whether it is a stream.
  [[nodiscard]] std::size_t last_section() const noexcept { return last_section_; }
  [[nodiscard]] bool has_section_streams() const noexcept { return section_streams_; }

 private:
  QPDF qpdf_;
  std::size_t last_section_ = 0;
  bool section_streams_ = false;
};

/// Throws Failure(kBadInput): `what` is missing or is not as the standard has it.
[[noreturn]] void pdf_is_damaged(const std::string& what);

}  // namespace kilt::tool
