#include "tools/signing/pdf_file.h"

#include <algorithm>
#include <charconv>

#include "tools/signing/pdf.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr int kDeepest = 64;  // levels of a page tree

std::string_view text_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: characters
}

/// The number behind the last "startxref" (ISO 32000-1, 7.5.5).
std::size_t find_last_section(std::string_view text) {
  constexpr std::string_view kWord = "startxref";
  const auto word = text.rfind(kWord);
  if (word == std::string_view::npos) pdf_is_damaged("startxref");
  std::string_view rest = text.substr(word + kWord.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \r\n\t"), rest.size()));
  std::size_t at = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), at);
  if (end.ec != std::errc() || at >= word) pdf_is_damaged("startxref");
  return at;
}

}  // namespace

void pdf_is_damaged(const std::string& what) {
  throw Failure(Kind::kBadInput, tr("The PDF is damaged ({0}).", clean(what)),
                tr("Open it in a PDF viewer, save it anew, and sign that."));
}

PdfFile::PdfFile(BytesView bytes) {
  const std::string_view text = text_of(bytes);
  if (!text.starts_with("%PDF-")) throw Failure(Kind::kBadInput, tr("This is no PDF."));
  last_section_ = find_last_section(text);
  section_streams_ = !text.substr(last_section_).starts_with("xref");
  qpdf_.setSuppressWarnings(true);
  // What libqpdf guesses at need not be what other programs guess: it would be signed all the same.
  qpdf_.setAttemptRecovery(false);
  bool encrypted = false;
  try {
    qpdf_.processMemoryFile("PDF", text.data(), text.size());
    encrypted = qpdf_.isEncrypted();
  } catch (const QPDFExc& error) {
    if (error.getErrorCode() != qpdf_e_password) pdf_is_damaged(error.getMessageDetail());
    encrypted = true;
  } catch (const std::exception& error) {
    pdf_is_damaged(error.what());
  }
  if (encrypted)
    throw Failure(Kind::kBadInput,
                  tr("The PDF is encrypted: its contents cannot be signed inside."),
                  tr("Save it without a password, or sign it beside the file: without --pdf."));
}

QPDFObjectHandle PdfFile::first_page() {
  QPDFObjectHandle node = root().getKey("/Pages");
  for (int depth = 0; depth < kDeepest; ++depth) {
    if (!node.isDictionary() || !node.isIndirect()) break;
    QPDFObjectHandle kids = node.getKey("/Kids");
    if (!kids.isArray()) return node;
    if (kids.getArrayNItems() == 0) break;
    node = kids.getArrayItem(0);
  }
  pdf_is_damaged("Pages");
}

int PdfFile::next_number() {
  QPDFObjectHandle size = trailer().getKey("/Size");
  const int told = size.isInteger() ? size.getIntValueAsInt() : 0;
  return std::max(told, static_cast<int>(qpdf_.getObjectCount()) + 1);
}

}  // namespace kilt::tool
