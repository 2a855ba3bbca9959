// Signatures inside a PDF (ISO 32000-1, 12.8; PAdES, ETSI EN 319 142-1). The file is read by
// libqpdf. A new signature is an incremental update of our own: what is there stays byte for byte
// where it was, and with it the signatures of others.
#pragma once

#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "tools/terminal/bytes.h"

namespace kilt::tool {

/// The file begins as a PDF does.
[[nodiscard]] bool is_pdf(BytesView file);

/// One filled signature field.
struct PdfSignature {
  std::string field;       ///< its full name, UTF-8
  std::string sub_filter;  ///< e.g. "ETSI.CAdES.detached"
  Bytes cms;               ///< DER, detached
  Bytes content;           ///< what it signs: all bytes up to its end but its own value
  bool whole = false;      ///< nothing stands behind it: it signs the file as it is now
};
/// All of them, in the order of their ends. Throws Failure(kBadInput): no PDF, damaged, encrypted
/// with a password, or a signature that leaves out more of the file than its own value.
[[nodiscard]] std::vector<PdfSignature> read_pdf_signatures(BytesView pdf);

/// Makes a detached CMS over these bytes, DER.
using MakeCms = std::function<Bytes(BytesView content)>;
/// The longest PDF that is read, bytes: it has to be in memory at once.
inline constexpr std::size_t kMaxPdf = std::size_t{512} << 20U;
/// The longest CMS that sign_pdf() leaves room for, bytes.
inline constexpr std::size_t kMaxPdfCms = 0x6000;

/// What sign_pdf() refuses without asking anything of a key. Throws Failure(kBadInput).
void check_pdf(BytesView pdf);

/// The PDF with one more signature, invisible, of all that is in it. `owner` is the signer's name,
/// UTF-8; `time` the signer's clock. Throws Failure(kBadInput): no PDF, damaged, encrypted,
/// certified against changes; and what `make_cms` throws, before which nothing is asked of the key.
[[nodiscard]] Bytes sign_pdf(BytesView pdf, const std::string& owner, std::time_t time,
                             const MakeCms& make_cms);

}  // namespace kilt::tool
