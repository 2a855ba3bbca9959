// Bytes on the port: HTTP, the WebSocket's handshake and its frames, through the server and
// libwebsockets as it is set up there, over a socket pair. The first byte says how they come.
#include <array>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/fuzz_check.h"
#include "tools/bridge/server.h"
#include "tools/terminal/bytes.h"

namespace {

using namespace kilt::bridge;  // NOLINT(google-build-using-namespace): the program is about it
using kilt::fuzz::check;

constexpr std::size_t kMaxMessage = 4096;
constexpr std::string_view kHandshake =
    "GET / HTTP/1.1\r\nHost: 127.0.0.1:13579\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Origin: https://site.example\r\n\r\n";
constexpr std::string_view kHello = "hello";

/// RFC 3629, without surrogates and overlong forms.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t k) {
      return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U;
    };
    const unsigned first = at(0);
    std::size_t more = 0;
    unsigned value = first, least = 0;
    if (first >= 0xF0 && first < 0xF8) {
      more = 3, value = first & 7U, least = 0x10000;
    } else if (first >= 0xE0 && first < 0xF0) {
      more = 2, value = first & 15U, least = 0x800;
    } else if (first >= 0xC0 && first < 0xE0) {
      more = 1, value = first & 31U, least = 0x80;
    } else if (first >= 0x80) {
      return false;
    }
    for (std::size_t k = 1; k <= more; ++k) {
      if ((at(k) & 0xC0U) != 0x80) return false;
      value = value << 6U | (at(k) & 0x3FU);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
    i += more + 1;
  }
  return true;
}

/// A page that is greeted, and whose messages are sent back.
class Echo : public ServerEvents {
 public:
  void opened(ConnectionId id, const std::string& origin) override {
    check(open_.insert(id).second, "a connection is opened twice");
    check(origin.size() <= 512, "an origin of any length");
    ++opened_;
    server->send(id, std::string(kHello));
  }
  bool received(ConnectionId id, std::string message) override {
    check(open_.contains(id), "a message of a connection that is not open");
    check(message.size() <= kMaxMessage, "a message longer than the limit");
    check(is_utf8(message), "a message that is not UTF-8");
    messages.push_back(message);
    server->send(id, std::move(message));
    return true;
  }
  void closed(ConnectionId id) override {
    check(open_.erase(id) == 1, "a connection is closed that is not open");
  }
  void begin() {
    check(open_.empty(), "a connection is left over");
    messages.clear();
    opened_ = 0;
  }
  [[nodiscard]] std::size_t opened_since() const { return opened_; }
  [[nodiscard]] bool all_closed() const { return open_.empty(); }
  Server* server = nullptr;
  std::vector<std::string> messages;

 private:
  std::set<ConnectionId> open_;
  std::size_t opened_ = 0;
};

/// Every byte that the server sends, taken apart.
class Answer {
 public:
  explicit Answer(std::string_view bytes) : rest_(bytes) {
    if (rest_.empty()) return;
    check(rest_.starts_with("HTTP/1."), "the answer is no HTTP");
    upgraded = rest_.substr(8).starts_with(" 101 ");
    const auto end = rest_.find("\r\n\r\n");
    if (!upgraded) {
      check(rest_.find("HTTP/1.", 1) == std::string_view::npos, "two answers to one request");
      return;
    }
    check(end != std::string_view::npos, "the answer has no end");
    rest_.remove_prefix(end + 4);
    while (!rest_.empty() && frame()) continue;
  }
  bool upgraded = false;
  std::vector<std::string_view> texts;

 private:
  /// false: the last one, cut off.
  bool frame() {
    if (rest_.size() < 2) return false;
    const unsigned first = byte(0);
    std::size_t length = byte(1), head = 2;
    check((length & 0x80U) == 0, "a frame of a server's is masked");
    check((first & 0x70U) == 0, "a frame has reserved bits");
    if (length == 126) {
      if (rest_.size() < 4) return false;
      length = byte(2) << 8U | byte(3);
      head = 4;
    }
    check(length != 127, "a frame longer than anything that was sent");
    const unsigned opcode = first & 15U;
    check((first & 0x80U) != 0 && (opcode == 1 || (opcode >= 8 && opcode <= 10)),
          "a frame of a kind that is not sent");
    check(opcode == 1 || length < 126, "a control frame that is too long");
    check(!closed_, "a frame after the last one");
    if (rest_.size() < head + length) return false;
    if (opcode == 1) texts.push_back(rest_.substr(head, length));
    closed_ = opcode == 8;
    rest_.remove_prefix(head + length);
    return true;
  }
  [[nodiscard]] unsigned byte(std::size_t i) const {
    return static_cast<unsigned char>(rest_.at(i));
  }
  std::string_view rest_;
  bool closed_ = false;
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// A line "Host: 127.0.0.1" or "Host: localhost", by a reader of our own.
bool names_loopback(std::string_view sent) {
  const std::string head = lower(std::string(sent.substr(0, sent.find("\r\n\r\n"))));
  for (std::size_t at = head.find("host:"); at != std::string::npos;
       at = head.find("host:", at + 1)) {
    auto value = at + 5;
    while (value < head.size() && (head[value] == ' ' || head[value] == '\t')) ++value;
    const std::string_view name = std::string_view(head).substr(value);
    for (const std::string_view good : {"127.0.0.1", "localhost"})
      if (name.starts_with(good) &&
          (name.size() == good.size() || name.substr(good.size()).find_first_of(": \t\r\n") == 0))
        return true;
  }
  return false;
}

class Wire {
 public:
  Wire() : server_(options(), echo_) { echo_.server = &server_; }

  void run(kilt::tool::BytesView input) {
    const unsigned how = input[0];
    std::string bytes((how & 4U) != 0 ? kHandshake : std::string_view());
    bytes.append(input.begin() + 1, input.end());
    echo_.begin();
    const std::string answer = exchange(bytes, how);
    const Answer parts(answer);
    const std::size_t opened = echo_.opened_since();
    check(opened <= 1, "one socket opened two connections");
    if (opened == 1) check(names_loopback(bytes), "a name that is not this machine's was served");
    check(!parts.upgraded || opened == 1, "upgraded without a connection");
    std::size_t i = 0;
    for (const std::string_view text : parts.texts) {
      check(i == 0 ? text == kHello : i <= echo_.messages.size() && text == echo_.messages[i - 1],
            "what is sent to the page is not what it was to get");
      ++i;
    }
    still_serves();
  }

 private:
  static ServerOptions options() {
    ServerOptions options;
    options.port = 0;
    options.max_message = kMaxMessage;
    options.max_connections = 4;
    return options;
  }

  /// Sends the bytes in pieces; everything that comes back.
  std::string exchange(std::string_view bytes, unsigned how) {
    std::array<int, 2> ends{-1, -1};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0,
          "no socket pair");
    server_.adopt(ends[1]);
    constexpr std::array<std::size_t, 4> kPieces{~std::size_t{0}, 1, 7, 1000};
    const std::size_t piece = kPieces[how & 3U];
    std::string answer;
    std::size_t pieces = 0;
    while (!bytes.empty()) {
      const std::size_t size = ++pieces > 300 ? bytes.size() : std::min(piece, bytes.size());
      const ssize_t count = send(ends[0], bytes.data(), size, MSG_NOSIGNAL);
      if (count <= 0 && errno != EAGAIN) break;
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
      server_.turn();
      read(ends[0], answer);
    }
    if ((how & 8U) != 0) shutdown(ends[0], SHUT_WR);
    for (int quiet = 0; (how & 16U) == 0 && quiet < 3; ++quiet) {
      server_.turn();
      if (read(ends[0], answer)) quiet = 0;
    }
    close(ends[0]);
    for (int i = 0; i < 50 && !(i > 1 && echo_.all_closed()); ++i) server_.turn();
    check(echo_.all_closed(), "a connection stays open whose other end is closed");
    return answer;
  }
  static bool read(int socket, std::string& answer) {
    bool any = false;
    std::array<char, 65536> part{};
    for (ssize_t count = 0; (count = recv(socket, part.data(), part.size(), 0)) > 0; any = true)
      answer.append(part.data(), static_cast<std::size_t>(count));
    return any;
  }

  /// A page that behaves is served, whatever came before.
  void still_serves() {
    echo_.begin();
    std::string bytes(kHandshake);
    bytes += std::string("\x81\x82\0\0\0\0", 6) + "ok";
    const std::string answer = exchange(bytes, 0);
    const Answer parts(answer);
    check(parts.texts.size() == 2 && parts.texts[0] == kHello && parts.texts[1] == "ok",
          "the next page is not served");
  }

  Echo echo_;
  Server server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Wire wire;
  wire.run({data, size});
  return 0;
}
