// The wire: what pages and others may send to the port.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/tools/bridge/client.h"
#include "tools/bridge/pages.h"
#include "tools/terminal/failure.h"

namespace kilt::bridge::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kGreeting = R"({"result":{"version":"1.4"}})";

/// Module "now" is answered at once, "user" when the test lets it.
class SlowDesk : public Desk {
 public:
  std::optional<std::string> at_once(Page& /*page*/, const Request& request) override {
    if (request.module == "user") return std::nullopt;
    if (request.module == "size") return std::to_string(request.method.size());
    return request.module == "now" ? "now " + request.method : module_not_found();
  }
  std::string with_user(Page& page, Request request) override {
    ++waiting;
    while (!open && !page.gone) std::this_thread::sleep_for(5ms);
    --waiting;
    return "user " + request.method + " " + page.origin;
  }
  std::atomic<bool> open{false};
  std::atomic<int> waiting{0};
};

class Wire : public testing::Test {
 protected:
  Wire() : pages_(desk_), server_(options(), pages_) {
    pages_.send_by(
        [this](ConnectionId id, std::string text) { server_.send(id, std::move(text)); });
    thread_ = std::thread([this] { server_.run(); });
  }
  ~Wire() override {
    server_.stop();
    thread_.join();
    pages_.stop();
  }
  static ServerOptions options() {
    ServerOptions options;
    options.port = 0;
    return options;
  }
  std::unique_ptr<Client> page(int receive_buffer = 0) {
    auto client = std::make_unique<Client>(server_.port(), receive_buffer);
    EXPECT_EQ(client->open(), 101);
    EXPECT_EQ(client->read(), kGreeting);
    return client;
  }
  static std::string request(const std::string& module, const std::string& method) {
    return R"({"module":")" + module + R"(","method":")" + method + "\"}";
  }

  SlowDesk desk_;
  Pages pages_;
  Server server_;
  std::thread thread_;
};

TEST_F(Wire, GreetsUnasked) { page(); }

TEST_F(Wire, UnknownModuleIsAnsweredAtOnce) {
  const auto client = page();
  client->text(R"({"module":"kz.digiflow.mobile.extensions","method":"getVersion"})");
  EXPECT_EQ(client->read(), R"({"success":false,"errorCode":"MODULE_NOT_FOUND"})");
  client->text("{}");
  EXPECT_EQ(client->read(), R"({"success":false,"errorCode":"MODULE_NOT_FOUND"})");
}

TEST_F(Wire, BrokenJson) {
  const auto client = page();
  for (const std::string text : {"{", "", "[]", "17", "{\"module\":\"now\"}x", "nul"}) {
    client->text(text);
    EXPECT_EQ(client->read(), R"({"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"})")
        << text;
  }
  client->text(request("now", "still here"));
  EXPECT_EQ(client->read(), "now still here");
}

TEST_F(Wire, DeepJsonIsRefused) {
  const auto client = page();
  client->text(R"({"module":"now","args":)" + std::string(10000, '[') + std::string(10000, ']') +
               "}");
  EXPECT_EQ(client->read(), R"({"success":false,"code":"COMMON_JSON_WRAPPING_EXCEPTION"})");
}

TEST_F(Wire, AnswersKeepTheOrderOfRequests) {
  const auto client = page();
  client->text(request("user", "1"));
  client->text(request("now", "2"));
  client->text("--heartbeat--");
  EXPECT_EQ(client->read(), "--heartbeat--") << "also while the user is asked";
  EXPECT_EQ(client->read(1s), std::nullopt) << "2 waits for 1";
  desk_.open = true;
  EXPECT_EQ(client->read(), "user 1 https://site.example");
  EXPECT_EQ(client->read(), "now 2");
}

TEST_F(Wire, OnePageThatWaitsDoesNotHoldUpOthers) {
  const auto first = page();
  first->text(request("user", "1"));
  const auto second = page();
  second->text(request("now", "2"));
  EXPECT_EQ(second->read(), "now 2");
  desk_.open = true;
  EXPECT_EQ(first->read(), "user 1 https://site.example");
}

TEST_F(Wire, APageThatLeavesEndsItsRequest) {
  {
    const auto client = page();
    client->text(request("user", "1"));
    while (desk_.waiting == 0) std::this_thread::sleep_for(5ms);
  }
  for (int i = 0; i < 1000 && desk_.waiting != 0; ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(desk_.waiting, 0);
}

TEST_F(Wire, FragmentedMessages) {
  const auto client = page();
  client->text(request("size", std::string(200000, 'x')), 7);
  EXPECT_EQ(client->read(), "200000");
}

TEST_F(Wire, SixtySevenMegabytes) {  // 50 MB in base64
  const auto client = page();
  client->text(request("size", std::string(67'000'000, 'x')), 3);
  // Long for a sanitizer on a loaded machine: what is tested is that it comes whole, not how soon.
  EXPECT_EQ(client->read(240s), "67000000");
}

TEST_F(Wire, MoreThanTheLimitEndsTheConnection) {
  const auto client = page();
  // The frame says 200 MB; nothing of it needs to come.
  client->raw(std::string("\x81\xFF\x00\x00\x00\x00\x0B\xEB\xC2\x00mask1234", 18));
  EXPECT_EQ(client->read(), std::nullopt);
  EXPECT_EQ(client->close_code(), 1009);
}

TEST_F(Wire, TextThatIsNotUtf8EndsTheConnection) {
  const auto client = page();
  client->text("{\"module\":\"\xC3\x28\"}");
  EXPECT_EQ(client->read(), std::nullopt);
}

TEST_F(Wire, TextCutInACharacterEndsTheConnection) {
  const auto client = page();
  client->frame(0x01, "{}\xD2");
  client->frame(0x80, "");
  EXPECT_EQ(client->read(), std::nullopt);
  EXPECT_EQ(client->close_code(), 1007);
}

// RFC 6455, 5.5.1. What is wrong comes together with the handshake, while the greeting waits.
TEST_F(Wire, NothingFollowsAClose) {
  for (const std::string& frame :
       {std::string("\x82\x82\0\0\0\0{}", 8),  // binary
        std::string("\x81\x82\0\0\0\0\xC3\x28", 8), std::string("\x88\x82\0\0\0\0\x03\xE8", 8)}) {
    Client client(server_.port());
    client.raw(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Origin: https://a.example\r\n\r\n" +
        frame);
    const std::string answer = client.until_end(2s);
    const auto close = answer.find('\x88');
    ASSERT_NE(close, std::string::npos) << answer;
    const std::size_t size = static_cast<unsigned char>(answer.at(close + 1));
    EXPECT_EQ(answer.substr(close + 2 + size), "");
  }
}

TEST_F(Wire, BinaryFramesAreNotTaken) {
  const auto client = page();
  client->frame(0x82, "{}");
  EXPECT_EQ(client->read(), std::nullopt);
  EXPECT_EQ(client->close_code(), 1003);
}

TEST_F(Wire, PlainGetShowsThatItRuns) {
  Client client(server_.port());
  client.raw("GET / HTTP/1.1\r\nHost: 127.0.0.1:13579\r\nOrigin: https://a.example\r\n\r\n");
  const std::string answer = client.until_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_NE(answer.find("access-control-allow-origin: *"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("allow-credentials"), std::string::npos);
}

TEST_F(Wire, PreflightOfOldBrowsers) {
  Client client(server_.port());
  client.raw(
      "OPTIONS / HTTP/1.1\r\nHost: localhost:13579\r\nOrigin: https://a.example\r\n"
      "Access-Control-Request-Private-Network: true\r\n\r\n");
  EXPECT_NE(client.until_end().find("access-control-allow-private-network: true"),
            std::string::npos);
}

TEST_F(Wire, OtherMethodsAndPathsAreRefused) {
  for (const std::string line : {"GET /etc/passwd", "GET /../../etc/passwd", "POST /", "PUT /"}) {
    Client client(server_.port());
    client.raw(line + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nxx");
    const std::string answer = client.until_end();
    EXPECT_FALSE(answer.starts_with("HTTP/1.1 200")) << line << '\n' << answer;
  }
}

// A second request inside of the first one's body: one answer at most, then the connection ends.
TEST_F(Wire, NoRequestIsSmuggled) {
  Client client(server_.port());
  client.raw(
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "0\r\n\r\nGET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.until_end();
  const auto first = answer.find("HTTP/1.1 ");
  EXPECT_EQ(answer.find("HTTP/1.1 ", first == std::string::npos ? 0 : first + 1), std::string::npos)
      << answer;
}

TEST_F(Wire, AReboundNameIsRefused) {
  for (const std::string host :
       {"hostile.example", "hostile.example:13579", "127.0.0.1.hostile.example",
        "localhost.hostile.example:80", "127.0.0.1:13579@hostile.example", "127.0.0.1:", ""}) {
    Client client(server_.port());
    EXPECT_NE(client.open("Origin: https://hostile.example\r\n", host), 101) << host;
    Client plain(server_.port());
    plain.raw("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    EXPECT_FALSE(plain.until_end().starts_with("HTTP/1.1 200")) << host;
  }
}

TEST_F(Wire, AWrongSubprotocolIsRefused) {
  Client client(server_.port());
  EXPECT_NE(client.open("Origin: https://a.example\r\nSec-WebSocket-Protocol: chat\r\n"), 101);
}

TEST_F(Wire, HalfClosedAndSilentSocketsHoldUpNobody) {
  Client silent(server_.port());
  Client half(server_.port());
  half.raw("GET / HTTP/1.1\r\nHost:");
  half.half_close();
  page();
}

TEST_F(Wire, TwoHundredConnectionsAndNotMore) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(page());
  Client more(server_.port());
  EXPECT_EQ(more.open(), 0);
  clients.back()->text(request("now", "200"));
  EXPECT_EQ(clients.back()->read(), "now 200");
  clients.clear();
  std::this_thread::sleep_for(200ms);
  page();
}

// A page that asks and asks and never reads: it is dropped, others go on. Its own socket takes
// little: a kernel that lets buffers grow to 32 MB would keep half of the answers for it.
TEST_F(Wire, ASlowReaderIsDropped) {
  const auto slow = page(16384);
  bool open = true;
  for (int i = 0; i < 20000 && open; ++i) open = slow->text(request("now", std::string(4000, 'x')));
  const auto other = page();
  other->text(request("now", "2"));
  EXPECT_EQ(other->read(), "now 2");
  EXPECT_FALSE(open) << "80 MB of answers were kept for it";
}

TEST(Port, TakenIsSaidPlainly) {
  SlowDesk desk;
  Pages pages(desk);
  ServerOptions options;
  options.port = 0;
  const Server first(options, pages);
  options.port = first.port();
  try {
    const Server second(options, pages);
    FAIL() << "two servers on one port";
  } catch (const tool::Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("NCALayer"), std::string::npos);
  }
}

TEST(Host, OnlyTheLoopbackNames) {
  for (const char* good : {"127.0.0.1", "127.0.0.1:13579", "localhost", "localhost:1"})
    EXPECT_TRUE(is_loopback_host(good)) << good;
  for (const char* bad : {"", "127.0.0.2", "127.0.0.1 ", "LOCALHOST.", "localhost:abc",
                          "localhost:123456", "0.0.0.0", "[::1]", "localhost:1:2"})
    EXPECT_FALSE(is_loopback_host(bad)) << bad;
}

}  // namespace
}  // namespace kilt::bridge::test
