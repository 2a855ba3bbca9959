// The socket transport against a hand-written other side, well-behaved and not.
#include "apdu/socket_transport.h"

#include <atomic>
#include <filesystem>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "apdu/errors.h"

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;

/// Listens on a path; `serve` gets each payload and gives what goes back: frames of raw bytes.
/// An empty optional closes the connection.
class Server {
 public:
  using Serve = std::function<std::optional<Bytes>(const Bytes& payload)>;

  Server(std::string path, Serve serve) : path_(std::move(path)), serve_(std::move(serve)) {
    std::filesystem::remove(path_);
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    EXPECT_EQ(0, bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    EXPECT_EQ(0, listen(listener_, 8));
    acceptor_ = std::thread([this] { accept_all(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    for (const int fd : clients_) shutdown(fd, SHUT_RDWR);
    for (std::thread& thread : threads_) thread.join();
    for (const int fd : clients_) close(fd);
    std::filesystem::remove(path_);
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = accept(listener_, nullptr, nullptr);
      if (fd < 0 || stopping_) {
        if (fd >= 0) close(fd);
        return;
      }
      clients_.push_back(fd);
      threads_.emplace_back([this, fd] { talk(fd); });
    }
  }
  void talk(int fd) const {
    while (true) {
      Bytes length(2);
      if (recv(fd, length.data(), 2, MSG_WAITALL) != 2) break;
      Bytes payload(read_be(length));
      if (recv(fd, payload.data(), payload.size(), MSG_WAITALL) !=
          static_cast<ssize_t>(payload.size()))
        break;
      const auto raw = serve_(payload);
      if (!raw) break;
      if (!raw->empty() && send(fd, raw->data(), raw->size(), MSG_NOSIGNAL) < 0) break;
    }
    shutdown(fd, SHUT_RDWR);
  }

  std::string path_;
  Serve serve_;
  int listener_ = -1;
  std::atomic<bool> stopping_ = false;
  std::thread acceptor_;
  std::vector<int> clients_;
  std::vector<std::thread> threads_;
};

Bytes frame(const Bytes& payload) {
  Bytes raw = write_be(payload.size(), 2);
  append(raw, payload);
  return raw;
}

const Bytes kAtr{0x3B, 0x80, 0x01, 0x81};

/// A card that answers 9000 to everything.
std::optional<Bytes> good_card(const Bytes& payload) {
  if (payload == Bytes{0x04}) return frame(kAtr);
  if (payload == Bytes{0x05}) return frame({0x00});
  if (payload.size() <= 1) return Bytes{};
  return frame({0x90, 0x00});
}

class Socket : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = "/tmp/kilt-socket-XXXXXX";
    ASSERT_NE(nullptr, mkdtemp(folder.data()));
    folder_ = folder;
    path_ = folder + "/token";
    transport_ = make_socket_transport({path_});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_, path_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(Socket, AbsentPathIsAnEmptyReader) {
  const auto readers = transport_->readers();
  ASSERT_EQ(1U, readers.size());
  EXPECT_EQ(path_, readers[0].name);
  EXPECT_FALSE(readers[0].card_present);
  EXPECT_THROW(transport_->connect(path_), CardRemoved);
}

TEST_F(Socket, WholeConversation) {
  const Server server(path_, good_card);
  const auto readers = transport_->readers();
  EXPECT_TRUE(readers[0].card_present);
  EXPECT_EQ(kAtr, readers[0].atr);
  const auto connection = transport_->connect(path_);
  EXPECT_EQ(kAtr, connection->atr());
  EXPECT_EQ(1U, connection->protocol());
  EXPECT_TRUE(connection->extended_length());
  connection->begin();
  EXPECT_EQ((Bytes{0x90, 0}), connection->transmit(Bytes{0, 0xA4, 0, 0}));
  connection->end();
  connection->reset();
}

TEST_F(Socket, ClosedConnectionIsARemovedCard) {
  auto server = std::make_unique<Server>(path_, good_card);
  EXPECT_TRUE(transport_->readers()[0].card_present);
  const auto connection = transport_->connect(path_);
  const auto before = transport_->readers();
  server.reset();
  EXPECT_THROW(connection->transmit(Bytes{0, 0xA4, 0, 0}), CardRemoved);
  EXPECT_THROW(connection->begin(), CardRemoved);
  EXPECT_FALSE(transport_->readers()[0].card_present);
  server = std::make_unique<Server>(path_, good_card);
  const auto after = transport_->readers();
  EXPECT_TRUE(after[0].card_present);
  EXPECT_NE(before[0].event_count, after[0].event_count);
}

TEST_F(Socket, ResetByAnother) {
  bool reset = true;
  const Server server(path_, [&](const Bytes& payload) -> std::optional<Bytes> {
    if (payload == Bytes{0x05})
      return frame({static_cast<Byte>(std::exchange(reset, false) ? 1 : 0)});
    return good_card(payload);
  });
  const auto connection = transport_->connect(path_);
  EXPECT_THROW(connection->begin(), CardReset);
  EXPECT_NO_THROW(connection->begin());
}

TEST_F(Socket, DamagedAnswers) {
  Bytes damaged;
  const Server server(path_, [&](const Bytes& payload) -> std::optional<Bytes> {
    if (payload.size() > 1) {
      if (damaged.empty()) return std::nullopt;
      return damaged;
    }
    return good_card(payload);
  });
  {
    const auto connection = transport_->connect(path_);
    damaged = {0x00, 0x00};  // an answer of no bytes
    EXPECT_TRUE(connection->transmit(Bytes{0, 0xA4, 0, 0}).empty());
    damaged = frame(Bytes(65535, 0x11));
    EXPECT_EQ(65535U, connection->transmit(Bytes{0, 0xA4, 0, 0}).size());
  }
  const auto connection = transport_->connect(path_);
  damaged = {};
  EXPECT_THROW(connection->transmit(Bytes{0, 0xA4, 0, 0}), CardRemoved);
}

TEST_F(Socket, LockAnswerOfNonsenseIsRefused) {
  const Server server(path_, [](const Bytes& payload) -> std::optional<Bytes> {
    if (payload == Bytes{0x05}) return frame({1, 2, 3});
    return good_card(payload);
  });
  const auto connection = transport_->connect(path_);
  EXPECT_THROW(connection->begin(), MalformedAnswer);
}

TEST_F(Socket, MuteCard) {
  const Server server(path_, [](const Bytes& payload) -> std::optional<Bytes> {
    if (payload == Bytes{0x04}) return frame({});
    return good_card(payload);
  });
  EXPECT_TRUE(transport_->readers()[0].mute);
  EXPECT_THROW(transport_->connect(path_), CardMute);
}

TEST_F(Socket, TooLongPath) {
  const auto transport = make_socket_transport({"/tmp/" + std::string(200, 'x')});
  EXPECT_FALSE(transport->readers()[0].card_present);
  EXPECT_THROW(transport->connect(transport->readers()[0].name), TransportError);
}

TEST_F(Socket, WaitSeesTheTokenComeAndCancelWakes) {
  const auto known = transport_->readers();
  std::unique_ptr<Server> server;
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    server = std::make_unique<Server>(path_, good_card);
  });
  const auto start = std::chrono::steady_clock::now();
  transport_->wait_for_change(known, 20s);
  later.join();
  EXPECT_TRUE(transport_->readers()[0].card_present);
  transport_->cancel();
  transport_->wait_for_change(transport_->readers(), 20s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

}  // namespace
}  // namespace kilt::apdu
