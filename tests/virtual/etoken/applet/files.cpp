// SELECT, LIST, READ, UPDATE, GET DATA and the access bytes.
#include <algorithm>

#include "tests/virtual/etoken/applet/applet.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::size_t kRead = 0, kUpdate = 2;  // positions in the ACL
constexpr std::size_t kMostAtOnce = 256;
const Bytes kAid{0xA0, 0x00, 0x00, 0x03, 0x12, 0x02, 0x02};

std::size_t offset_of(const Bytes& two_bytes) {
  return static_cast<std::size_t>(two_bytes[0]) << 8 | two_bytes[1];
}

}  // namespace

void Applet::put(Bytes& answer, std::uint8_t tag, const Bytes& value) const {
  if (is("lengths", "short")) return put_simple(answer, tag, value);
  append(answer, {tag, 0xFF});
  append(answer, two(value.size()));
  append(answer, value);
}

Bytes Applet::control_information(const File& file) const {
  Bytes out;
  put(out, 0x01, {static_cast<std::uint8_t>(file.type)});
  put(out, 0x02, two(file.id));
  put(out, 0x03, two(file.body.size()));
  put(out, 0x04, Bytes(file.acl.begin(), file.acl.end()));
  put(out, 0x05, file.security);
  return out;
}

bool Applet::permitted(const File& file, std::size_t operation) {
  const std::uint8_t rule = file.acl.at(operation);
  if (rule == 0x00) return true;
  return rule != 0xFF && logged_in(rule);
}

Answer Applet::enter(File* file, bool with_information) {
  if (file == nullptr) return status(0x6A82);
  const bool is_directory = file->type == FileType::kDf;
  directory_ = is_directory ? file : file->parent;
  selected_ = is_directory ? nullptr : file;
  return with_information ? Answer{control_information(*file), 0x9000} : Answer{};
}

Answer Applet::select_application(const Apdu& apdu) {
  if (apdu.p2 != 0x00) return status(0x6A86);
  if (apdu.data != kAid) return status(0x6A82);
  if (!is("logout-by", "reset")) log_out();
  directory_ = master_.get();
  selected_ = nullptr;
  Bytes out;
  Bytes body;
  put_simple(body, 0x84, kAid);
  append(body, unhex("A5 05 9F65 02 0212"));  // 530 bytes of command data at most
  put_simple(out, 0x6F, body);
  return {out, 0x9000};
}

Answer Applet::select(const Apdu& apdu) {
  switch (apdu.p1p2()) {
    case 0x0400:
      return select_application(apdu);
    case 0x0004:
      if (!apdu.data.empty()) return status(0x6A86);
      if (is("logout-by", "aid-and-mf")) log_out();
      return enter(master_.get(), true);
    case 0x0804:
    case 0x080C:
      if (apdu.data.empty() || apdu.data.size() % 2 != 0) return status(0x6700);
      return enter(walk(master_.get(), apdu.data), apdu.p2 == 0x04);
    default:
      return status(0x6A86);
  }
}

Answer Applet::list(const Apdu& apdu) {
  constexpr std::uint8_t kStart = 0x09, kIds = 0x0A, kMore = 0x0B;
  if (apdu.p1p2() != 0) return status(0x6A86);
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != kStart ||
      objects->front().value.size() != 2)
    return status(0x6A80);
  if (!permitted(*directory_, kRead)) return status(0x6982);
  std::vector<std::uint16_t> ids;
  for (const auto& one : directory_->children) ids.push_back(one->id);
  if (is("list-order", "sorted")) std::ranges::sort(ids);
  const std::size_t page = is("list-page", "120") ? 120 : is("list-page", "3") ? 3 : 1;
  const std::size_t start = std::min(offset_of(objects->front().value), ids.size());
  const std::size_t end = std::min(start + page, ids.size());
  Bytes found, out;
  for (std::size_t i = start; i < end; ++i) append(found, two(ids[i]));
  put(out, kIds, found);
  const bool more = end < ids.size();
  if (more || is("list-more", "present"))
    put(out, kMore, {static_cast<std::uint8_t>(more ? 1 : 0)});
  return {out, 0x9000};
}

Answer Applet::read(const Apdu& apdu) {
  constexpr std::uint8_t kOffset = 0x0E;
  if (apdu.p1p2() != 0) return status(0x6A86);
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != kOffset ||
      objects->front().value.size() != 2)
    return status(0x6A80);
  if (!apdu.has_le) return status(0x6700);
  if (selected_ == nullptr) return status(0x6986);
  if (!permitted(*selected_, kRead)) return status(0x6982);
  const std::size_t offset = offset_of(objects->front().value), size = selected_->body.size();
  if (offset > size || (offset == size && size != 0)) return status(0x6B00);
  const std::size_t left = size - offset;
  const bool all = apdu.le == kMostAtOnce || apdu.le > kMostAtOnce;
  Answer answer{part(selected_->body, offset, std::min(apdu.le, kMostAtOnce)), 0x9000};
  if (!all && left < apdu.le) {
    if (is("read-end", "6Cxx")) return status(0x6C00U | static_cast<unsigned>(left));
    if (is("read-end", "6282")) answer.sw = 0x6282;
  }
  return answer;
}

Answer Applet::update(const Apdu& apdu) {
  constexpr std::uint8_t kOffset = 0x0E, kData = 0x10;
  if (apdu.p1p2() != 0) return status(0x6A86);
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 2 || (*objects)[0].tag != kOffset ||
      (*objects)[0].value.size() != 2 || (*objects)[1].tag != kData)
    return status(0x6A80);
  if (selected_ == nullptr) return status(0x6986);
  if (!permitted(*selected_, kUpdate)) return status(0x6982);
  const std::size_t offset = offset_of((*objects)[0].value);
  const Bytes& data = (*objects)[1].value;
  if (offset + data.size() > selected_->body.size()) return status(0x6B00);
  std::ranges::copy(data, selected_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

Answer Applet::get_data(const Apdu& apdu) const {
  Bytes out;
  switch (apdu.p1p2()) {
    case 0x0107: {  // the serial number is bytes 4 to 7; what surrounds it is not known
      Bytes value{0x00, 0x00};
      append(value, serial_);
      append(value, {0x00, 0x00, 0x00});
      put_simple(out, 0x07, value);
      return {out, 0x9000};
    }
    case 0x0111:
      put(out, 0x11, unhex(current() ? "01 08 00 05" : "01 01 00 19"));
      return {out, 0x9000};
    case 0x0135:
      if (is("capabilities", "absent")) return status(0x6A88);
      put(out, 0x35, unhex("01 02 0001 02 02 0102 03 02 0140 04 02 0140 06 01 01"));
      return {out, 0x9000};
    default:
      return status(0x6A88);
  }
}

}  // namespace kilt::vtoken::etoken
