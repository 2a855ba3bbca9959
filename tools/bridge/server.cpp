#include "tools/bridge/server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10U;
constexpr std::size_t kMaxOrigin = 512;
constexpr std::size_t kMaxUnread = 64;  // messages that a page does not read
constexpr std::string_view kPage =
    "<!DOCTYPE html><meta charset=\"utf-8\"><title>Kilt</title>"
    "<p>kilt-bridge is running, and this browser trusts it.";

std::string header_of(lws* connection, lws_token_indexes token) {
  const int size = lws_hdr_total_length(connection, token);
  if (size <= 0) return {};
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  const int copied = lws_hdr_copy(connection, text.data(), size + 1, token);
  text.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
  return text;
}

/// `socket` is one of the loopback interface's, seen from this side.
bool peer_is_local(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)  // NOLINT: POSIX
    return false;
  if (address.ss_family == AF_UNIX) return true;  // a socket pair of a test
  if (address.ss_family != AF_INET) return false;
  const auto* in = reinterpret_cast<const sockaddr_in*>(&address);  // NOLINT: POSIX
  return ntohl(in->sin_addr.s_addr) >> 24U == 127;
}

/// The text ends inside of a character. libwebsockets checks all else of UTF-8, but not this if the
/// last fragment is empty.
bool is_cut(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(text.size(), 3); ++back) {
    const unsigned octet = static_cast<unsigned char>(text[text.size() - back]);
    if (octet < 0x80) return false;
    if (octet >= 0xF0) return true;
    if (octet >= 0xC0) return back < (octet >= 0xE0 ? 3U : 2U);
  }
  return false;
}

int listen_on_loopback(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0 &&  // NOLINT: POSIX
      listen(fd, 64) == 0)
    return fd;
  close(fd);
  throw tool::Failure(tool::Kind::kModule,
                      tool::tr("Port {0} of 127.0.0.1 is taken: another program serves web sites "
                               "there, NCALayer or KAZTOKEN desktop for instance.",
                               port),
                      tool::tr("Close that program, and do not let it start with the desktop."));
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);  // NOLINT: POSIX
  return ntohs(address.sin_port);
}

}  // namespace

bool is_loopback_host(const std::string& host) {
  const auto colon = host.find(':');
  const std::string name = host.substr(0, colon);
  if (colon != std::string::npos) {
    const std::string port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != std::string::npos)
      return false;
  }
  return name == "127.0.0.1" || name == "localhost";
}

class Server::Impl {
 public:
  Impl(const ServerOptions& options, ServerEvents& events) : options_(options), events_(&events) {
    lws_set_log_level(0, nullptr);  // nothing of a page's gets into a log
    listening_ = options.listening >= 0 ? options.listening : listen_on_loopback(options.port);
    port_ = port_of(listening_);
    make_context();
    make_vhost();
    lws_sock_file_fd_type descriptor{};
    descriptor.filefd = listening_;
    if (lws_adopt_descriptor_vhost(vhost_, LWS_ADOPT_RAW_FILE_DESC, descriptor, "listen",
                                   nullptr) == nullptr)
      fail("listen");
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { lws_context_destroy(context_); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void run() {
    while (!stopping_) lws_service(context_, 0);
  }
  void stop() noexcept {
    stopping_ = true;
    lws_cancel_service(context_);
  }
  void turn() { lws_service(context_, -1); }
  void send(ConnectionId id, std::string message) {
    {
      const std::lock_guard lock(mutex_);
      outgoing_.emplace_back(id, std::move(message));
    }
    lws_cancel_service(context_);
  }
  void adopt(int socket) {
    if (sockets_.size() >= options_.max_connections || !peer_is_local(socket)) {
      close(socket);
      return;
    }
    lws_adopt_socket_vhost(vhost_, socket);  // closes it if it fails
  }

 private:
  struct Connection {
    ConnectionId id = 0;
    std::string incoming;
    std::deque<std::string> unsent;
    std::size_t sent = 0;  // bytes of the first that is unsent
    bool ending = false;   // nothing may follow a Close frame (RFC 6455, 5.5.1)
  };

  [[noreturn]] static void fail(const char* what) {
    throw tool::Failure(tool::Kind::kInternal,
                        tool::tr("The local web service cannot start ({0}).", what));
  }

  void make_context() {
    lws_context_creation_info info{};
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8 |
                   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info.user = this;
    info.gid = ~decltype(info.gid){0};  // none, signed or not
    info.uid = ~decltype(info.uid){0};
    info.timeout_secs = 20;  // a handshake
    info.keepalive_timeout = 20;
    info.max_http_header_data = 8192;
    context_ = lws_create_context(&info);
    if (context_ == nullptr) fail("libwebsockets");
  }

  void make_vhost() {
    // The first is what a page gets that names no subprotocol, and for plain HTTP.
    protocols_ = {lws_protocols{"", &Impl::callback, 0, kChunk, 0, nullptr, 0},
                  lws_protocols{"listen", &Impl::callback, 0, 0, 0, nullptr, 0}, lws_protocols{}};
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.vhost_name = "kilt";
    info.protocols = protocols_.data();
    info.alpn = "http/1.1";
    info.keepalive_timeout = 20;
    info.timeout_secs = 20;
    info.options = LWS_SERVER_OPTION_VALIDATE_UTF8;
    if (!options_.certificate.empty()) {
      info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
      info.ssl_cert_filepath = options_.certificate.c_str();
      info.ssl_private_key_filepath = options_.key.c_str();
      // TLS 1.2 and later.
      info.ssl_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
    }
    vhost_ = lws_create_vhost(context_, &info);
    if (vhost_ == nullptr)
      throw tool::Failure(
          tool::Kind::kBadInput,
          tool::tr("The certificate {0} of this service cannot be used.", options_.certificate),
          tool::tr("`kilt register bridge` makes a new one."));
  }

  static int callback(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* in,
                      std::size_t size) {
    auto* self = static_cast<Impl*>(lws_context_user(lws_get_context(wsi)));
    if (self == nullptr) return 0;
    try {
      return self->on(wsi, reason, in, size);
    } catch (const std::exception&) {  // no memory, most likely: this page goes, others stay
      return -1;
    }
  }

  int on(lws* wsi, lws_callback_reasons reason, void* in, std::size_t size) {
    switch (reason) {
      case LWS_CALLBACK_RAW_RX_FILE:
        accept_all();
        return 0;
      case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        sockets_.insert(wsi);
        return 0;
      case LWS_CALLBACK_WSI_DESTROY:
        sockets_.erase(wsi);
        return 0;
      case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        take_outgoing();
        return 0;
      case LWS_CALLBACK_HTTP:
        return http(wsi, static_cast<const char*>(in));
      case LWS_CALLBACK_HTTP_BODY:
      case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return -1;
      case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return may_upgrade(wsi) ? 0 : -1;
      case LWS_CALLBACK_ESTABLISHED:
        return established(wsi);
      case LWS_CALLBACK_RECEIVE:
        return received(wsi, {static_cast<const char*>(in), size});
      case LWS_CALLBACK_SERVER_WRITEABLE:
        return write(wsi);
      case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        mark_ending(wsi);
        return 0;
      case LWS_CALLBACK_CLOSED:
        if (const auto found = connections_.find(wsi); found != connections_.end()) {
          const ConnectionId id = found->second.id;
          by_id_.erase(id);
          connections_.erase(found);
          events_->closed(id);
        }
        return 0;
      default:
        return 0;
    }
  }

  void accept_all() {
    for (int i = 0; i < 64; ++i) {
      const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket < 0) return;
      adopt(socket);
    }
  }

  int http(lws* wsi, const char* path) {
    if (!is_loopback_host(header_of(wsi, WSI_TOKEN_HOST)))
      return refuse(wsi, HTTP_STATUS_FORBIDDEN);
    const bool options = lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0;
    if (!options && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
      return refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED);
    if (std::string_view(path) != "/") return refuse(wsi, HTTP_STATUS_NOT_FOUND);
    return answer(wsi, HTTP_STATUS_OK, options ? std::string_view() : kPage);
  }
  static int refuse(lws* wsi, unsigned status) { return answer(wsi, status, "kilt-bridge"); }

  /// Answers and closes: no second request on the same connection, so none can be smuggled.
  static int answer(lws* wsi, unsigned status, std::string_view body) {
    std::array<unsigned char, LWS_PRE + 2048> room{};
    unsigned char* start = room.data() + LWS_PRE;
    unsigned char* at = start;
    unsigned char* end = room.data() + room.size() - 1;
    const auto add = [&](const char* name, std::string_view value) {
      return lws_add_http_header_by_name(wsi, as_bytes(name), as_bytes(value.data()),
                                         static_cast<int>(value.size()), &at, end) == 0;
    };
    if (lws_add_http_common_headers(wsi, status, "text/html; charset=utf-8", body.size(), &at,
                                    end) != 0 ||
        !add("access-control-allow-origin:", "*") ||
        !add("access-control-allow-private-network:", "true") ||
        !add("cache-control:", "no-store") || !add("x-content-type-options:", "nosniff") ||
        lws_finalize_http_header(wsi, &at, end) != 0)
      return -1;
    lws_write(wsi, start, static_cast<std::size_t>(at - start), LWS_WRITE_HTTP_HEADERS);
    if (!body.empty()) {
      std::string copy(LWS_PRE, '\0');
      copy += body;
      lws_write(wsi, reinterpret_cast<unsigned char*>(copy.data()) + LWS_PRE,  // NOLINT: characters
                body.size(), LWS_WRITE_HTTP_FINAL);
    }
    return -1;
  }
  static const unsigned char* as_bytes(const char* text) {
    return reinterpret_cast<const unsigned char*>(text);  // NOLINT: characters are bytes
  }

  static bool may_upgrade(lws* wsi) {
    return is_loopback_host(header_of(wsi, WSI_TOKEN_HOST)) &&
           header_of(wsi, WSI_TOKEN_GET_URI) == "/" &&
           lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) <= static_cast<int>(kMaxOrigin);
  }

  int established(lws* wsi) {
    Connection& connection = connections_[wsi];
    connection.id = ++last_id_;
    by_id_[connection.id] = wsi;
    events_->opened(connection.id, header_of(wsi, WSI_TOKEN_ORIGIN));
    return 0;
  }

  void mark_ending(lws* wsi) {
    if (const auto found = connections_.find(wsi); found != connections_.end())
      found->second.ending = true;
  }

  int end(lws* wsi, lws_close_status status) {
    mark_ending(wsi);
    lws_close_reason(wsi, status, nullptr, 0);
    return -1;
  }

  int received(lws* wsi, std::string_view part) {
    const auto found = connections_.find(wsi);
    if (found == connections_.end()) return -1;
    Connection& connection = found->second;
    if (lws_frame_is_binary(wsi) != 0) return end(wsi, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    const std::size_t rest = lws_remaining_packet_payload(wsi);
    const std::size_t now = connection.incoming.size() + part.size();
    if (rest > options_.max_message || now + rest > options_.max_message)
      return end(wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    // A frame says how long it is, but memory is taken as it comes: doubling, at most to its
    // length.
    if (connection.incoming.capacity() < now)
      connection.incoming.reserve(std::min(now + rest, std::max(now * 2, kChunk)));
    connection.incoming += part;
    if (rest > 0 || lws_is_final_fragment(wsi) == 0) return 0;
    std::string whole;
    whole.swap(connection.incoming);
    if (is_cut(whole)) return end(wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD);
    if (connection.unsent.size() > kMaxUnread ||
        !events_->received(connection.id, std::move(whole)))
      return end(wsi, LWS_CLOSE_STATUS_POLICY_VIOLATION);
    return 0;
  }

  void take_outgoing() {
    std::vector<std::pair<ConnectionId, std::string>> now;
    {
      const std::lock_guard lock(mutex_);
      now.swap(outgoing_);
    }
    for (auto& [id, message] : now) {
      const auto found = by_id_.find(id);
      if (found == by_id_.end()) continue;
      connections_[found->second].unsent.push_back(std::move(message));
      lws_callback_on_writable(found->second);
    }
  }

  int write(lws* wsi) {
    const auto found = connections_.find(wsi);
    if (found == connections_.end() || found->second.unsent.empty()) return 0;
    // The library has sent a Close of its own, of text that is no UTF-8 for instance.
    if (found->second.ending || lws_get_close_length(wsi) > 0) return 0;
    Connection& connection = found->second;
    const std::string& message = connection.unsent.front();
    const std::size_t size = std::min(kChunk, message.size() - connection.sent);
    const bool first = connection.sent == 0;
    const bool last = connection.sent + size == message.size();
    std::vector<unsigned char> frame(LWS_PRE + size);
    std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(connection.sent), size,
                frame.begin() + LWS_PRE);
    int flags = LWS_WRITE_CONTINUATION;
    if (first) flags = LWS_WRITE_TEXT;
    if (!last) flags |= LWS_WRITE_NO_FIN;
    if (lws_write(wsi, frame.data() + LWS_PRE, size, static_cast<lws_write_protocol>(flags)) <
        static_cast<int>(size))
      return -1;
    connection.sent += size;
    if (last) {
      connection.unsent.pop_front();
      connection.sent = 0;
    }
    if (!connection.unsent.empty()) lws_callback_on_writable(wsi);
    return 0;
  }

  ServerOptions options_;
  ServerEvents* events_;
  int listening_ = -1;
  std::uint16_t port_ = 0;
  std::array<lws_protocols, 3> protocols_{};
  lws_context* context_ = nullptr;
  lws_vhost* vhost_ = nullptr;
  std::atomic<bool> stopping_{false};
  std::set<lws*> sockets_;
  ConnectionId last_id_ = 0;
  std::map<lws*, Connection> connections_;
  std::map<ConnectionId, lws*> by_id_;
  std::mutex mutex_;  // of outgoing_
  std::vector<std::pair<ConnectionId, std::string>> outgoing_;
};

Server::Server(const ServerOptions& options, ServerEvents& events)
    : impl_(std::make_unique<Impl>(options, events)) {}
Server::~Server() = default;
std::uint16_t Server::port() const noexcept { return impl_->port(); }
void Server::run() { impl_->run(); }
void Server::stop() noexcept { impl_->stop(); }
void Server::send(ConnectionId id, std::string message) { impl_->send(id, std::move(message)); }
void Server::adopt(int socket) { impl_->adopt(socket); }
void Server::turn() { impl_->turn(); }

}  // namespace kilt::bridge
