#include "tools/signing/pdf_update.h"

#include <vector>

#include <fmt/format.h>

namespace kilt::tool {
namespace {

/// Numbers that follow each other: first, how many.
std::vector<std::pair<int, int>> runs(const auto& places) {
  std::vector<std::pair<int, int>> runs;
  for (const auto& [number, place] : places) {
    if (!runs.empty() && runs.back().first + runs.back().second == number)
      ++runs.back().second;
    else
      runs.emplace_back(number, 1);
  }
  return runs;
}

}  // namespace

PdfUpdate::PdfUpdate(BytesView file) : begin_(file.size()) {
  if (!file.empty() && file.back() != '\n') text_ = "\n";
}

std::size_t PdfUpdate::add(int number, const std::string& body, int generation) {
  places_[number] = {position(), generation};
  text_ += fmt::format("{} {} obj\n", number, generation);
  const std::size_t begins = position();
  text_ += body + "\nendobj\n";
  return begins;
}

void PdfUpdate::replace(QPDFObjectHandle reference, QPDFObjectHandle contents) {
  add(reference.getObjectID(), contents.unparseResolved(), reference.getGeneration());
}

std::string PdfUpdate::trailer_entries(PdfFile& file, int size) const {
  std::string entries = fmt::format("/Size {} /Prev {}", size, file.last_section());
  QPDFObjectHandle trailer = file.trailer();
  for (const char* key : {"/Root", "/Info", "/ID"})
    if (trailer.hasKey(key)) entries += fmt::format(" {} {}", key, trailer.getKey(key).unparse());
  return entries;
}

void PdfUpdate::finish(PdfFile& file, int next) {
  const std::size_t begins = position();
  if (file.has_section_streams())
    write_stream(file, next);
  else
    write_table(file, next);
  text_ += fmt::format("startxref\n{}\n%%EOF\n", begins);
}

// 7.5.4: entries of 20 bytes.
void PdfUpdate::write_table(PdfFile& file, int next) {
  constexpr std::size_t kLast = 9'999'999'999;
  if (position() > kLast) pdf_is_damaged("10 GB");
  text_ += "xref\n";
  for (const auto& [first, count] : runs(places_)) {
    text_ += fmt::format("{} {}\n", first, count);
    for (int number = first; number < first + count; ++number) {
      const Place& place = places_.at(number);
      text_ += fmt::format("{:010} {:05} n \n", place.offset, place.generation);
    }
  }
  text_ += fmt::format("trailer\n<< {} >>\n", trailer_entries(file, next));
}

// 7.5.8: the section is an object itself, and stands in it.
void PdfUpdate::write_stream(PdfFile& file, int next) {
  places_[next] = {position(), 0};
  constexpr Byte kInUse = 1;
  std::string entries, index;
  for (const auto& [first, count] : runs(places_)) {
    index += fmt::format("{}{} {}", index.empty() ? "" : " ", first, count);
    for (int number = first; number < first + count; ++number) {
      const Place& place = places_.at(number);
      entries.push_back(static_cast<char>(kInUse));
      for (int shift = 56; shift >= 0; shift -= 8)
        entries.push_back(static_cast<char>(static_cast<std::uint64_t>(place.offset) >> shift));
      entries.push_back(static_cast<char>(place.generation >> 8));
      entries.push_back(static_cast<char>(place.generation));
    }
  }
  text_ += fmt::format("{} 0 obj\n<< /Type /XRef {} /W [1 8 2] /Index [{}] /Length {} >>\nstream\n",
                       next, trailer_entries(file, next + 1), index, entries.size());
  text_ += entries + "\nendstream\nendobj\n";
}

}  // namespace kilt::tool
