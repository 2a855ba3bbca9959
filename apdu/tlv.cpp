#include "apdu/tlv.h"

#include <stdexcept>

namespace kilt::tlv {
namespace {

constexpr unsigned kMaxTagBytes = 3;
constexpr unsigned kMaxLengthBytes = 4;

Bytes tag_bytes(std::uint32_t tag) {
  if (tag > 0xFFFF) return write_be(tag, 3);
  if (tag > 0xFF) return write_be(tag, 2);
  return write_be(tag, 1);
}

}  // namespace

bool Node::constructed() const noexcept {
  return !encoded.empty() && (encoded.front() & 0x20) != 0;
}

std::optional<Node> Reader::next() {
  if (rest_.empty()) return std::nullopt;
  return form_ == Form::kBer ? read_ber() : read_simple();
}

Byte Reader::take() { return take(1).front(); }

BytesView Reader::take(std::size_t size) {
  if (size > rest_.size()) throw MalformedAnswer("a data object is longer than its file or parent");
  const BytesView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

Node Reader::read_ber() {
  const BytesView start = rest_;
  Node node;
  node.tag = take();
  if ((node.tag & 0x1F) == 0x1F) {
    Byte byte = 0;
    unsigned count = 1;
    do {
      if (++count > kMaxTagBytes) throw MalformedAnswer("a data object's tag is too long");
      byte = take();
      node.tag = (node.tag << 8) | byte;
    } while ((byte & 0x80) != 0);
  }
  std::size_t length = take();
  if (length == 0x80) throw MalformedAnswer("a data object has an indefinite length");
  if (length > 0x80) {
    const std::size_t count = length & 0x7F;
    if (count > kMaxLengthBytes) throw MalformedAnswer("a data object's length is too long");
    length = read_be(take(count));
  }
  node.value = take(length);
  node.encoded = start.first(start.size() - rest_.size());
  return node;
}

Node Reader::read_simple() {
  const BytesView start = rest_;
  Node node;
  node.tag = take();
  std::size_t length = take();
  if (length == 0xFF) length = read_be(take(2));
  node.value = take(length);
  node.encoded = start.first(start.size() - rest_.size());
  return node;
}

std::optional<Node> find(BytesView data, std::uint32_t tag) {
  Reader reader(data);
  while (auto node = reader.next())
    if (node->tag == tag) return node;
  return std::nullopt;
}

std::optional<Node> find_path(BytesView data, std::initializer_list<std::uint32_t> tags) {
  if (tags.size() > kMaxDepth) throw std::length_error("path of tags deeper than allowed");
  std::optional<Node> node;
  for (const std::uint32_t tag : tags) {
    node = find(node ? node->value : data, tag);
    if (!node) return std::nullopt;
  }
  return node;
}

Bytes encode(std::uint32_t tag, BytesView value) {
  Bytes bytes = tag_bytes(tag);
  const std::size_t length = value.size();
  if (length < 0x80) {
    bytes.push_back(static_cast<Byte>(length));
  } else {
    const std::size_t count = length > 0xFFFFFF ? 4 : length > 0xFFFF ? 3 : length > 0xFF ? 2 : 1;
    bytes.push_back(static_cast<Byte>(0x80 | count));
    append(bytes, write_be(length, count));
  }
  append(bytes, value);
  return bytes;
}

Bytes encode_simple(Byte tag, BytesView value) {
  if (value.size() > 0xFFFF) throw std::length_error("too long for SIMPLE-TLV");
  Bytes bytes{tag};
  if (value.size() < 0xFF) {
    bytes.push_back(static_cast<Byte>(value.size()));
  } else {
    bytes.push_back(0xFF);
    append(bytes, write_be(value.size(), 2));
  }
  append(bytes, value);
  return bytes;
}

}  // namespace kilt::tlv
