// The local WebSocket service: TLS on the loopback interface, frames in, frames out. It knows
// nothing of what the frames say. libwebsockets does the protocol; its header stays in the .cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace kilt::bridge {

/// A connection's number, never used again.
using ConnectionId = std::uint64_t;

/// What happens on the connections. Called by the thread that is in Server::run(); must not wait.
class ServerEvents {
 public:
  virtual ~ServerEvents() = default;
  /// A page is connected; `origin` is the handshake's Origin header, empty if it had none.
  virtual void opened(ConnectionId id, const std::string& origin) = 0;
  /// A whole text message, valid UTF-8, at most ServerOptions::max_message bytes. false: too much
  /// is waiting, the connection ends.
  [[nodiscard]] virtual bool received(ConnectionId id, std::string message) = 0;
  virtual void closed(ConnectionId id) = 0;
};

struct ServerOptions {
  /// On 127.0.0.1; 0: any that is free. Not used if `listening` is given.
  std::uint16_t port = 13579;
  /// A listening socket of systemd's; -1: none.
  int listening = -1;
  /// PEM files; both empty: no TLS (tests of the protocol's bytes only).
  std::string certificate, key;
  std::size_t max_connections = 200;
  std::size_t max_message = std::size_t{96} << 20U;
};

class Server {
 public:
  /// Listens. Throws tool::Failure: port taken, certificate unusable.
  Server(const ServerOptions& options, ServerEvents& events);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Serves until stop().
  void run();
  /// From any thread.
  void stop() noexcept;
  /// A text message to a page, from any thread; dropped if the page has gone.
  void send(ConnectionId id, std::string message);
  /// Serves a connected stream socket as if it had been accepted; for tests.
  void adopt(int socket);
  /// One round of the service, for tests: waits for nothing.
  void turn();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A Host header that names this machine by its loopback name: 127.0.0.1 or localhost, with or
/// without a port. Any other name is a page that was rebound to us.
bool is_loopback_host(const std::string& host);

}  // namespace kilt::bridge
