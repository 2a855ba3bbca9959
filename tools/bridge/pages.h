// The pages that are connected, and the order of their answers: one per request, in the order of
// the requests, on each connection; a request that waits for the user holds up its own page's
// answers and other requests for the user, nothing else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "tools/bridge/protocol.h"
#include "tools/bridge/server.h"

namespace kilt::bridge {

/// A connected page, alive as long as a request of it is worked on.
struct Page {
  ConnectionId id = 0;
  std::string origin;             ///< of the handshake; empty: none
  std::atomic<bool> gone{false};  ///< its connection has ended
  // Used by one request at a time.
  std::string locale;            ///< "kk", "ru", "en"; empty: the desktop's
  std::set<std::string> chosen;  ///< files that the user chose for this page
};

/// What is done with requests.
class Desk {
 public:
  virtual ~Desk() = default;
  /// The answer, or nullopt if the user or the token is needed. Must not wait.
  virtual std::optional<std::string> at_once(Page& page, const Request& request) = 0;
  /// The answer; may wait for the user. Only one such call runs at a time.
  virtual std::string with_user(Page& page, Request request) = 0;
};

class Pages : public ServerEvents {
 public:
  using Send = std::function<void(ConnectionId, std::string)>;
  /// Starts two threads: one reads requests, one waits for the user.
  explicit Pages(Desk& desk);
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  ~Pages() override;
  /// Every page is gone, then waits for the threads; nothing is sent afterwards. The server must
  /// outlive this.
  void stop();
  /// Where answers go; before the server runs.
  void send_by(Send send) { send_ = std::move(send); }

  void opened(ConnectionId id, const std::string& origin) override;
  bool received(ConnectionId id, std::string message) override;
  void closed(ConnectionId id) override;

 private:
  struct Line {
    std::shared_ptr<Page> page;
    std::deque<std::string> waiting;
    bool busy = false;  // a request of it is being worked on
  };
  struct Work {
    std::shared_ptr<Page> page;
    Request request;
  };
  void read_requests();
  void serve_user();
  void finish(const std::shared_ptr<Page>& page, std::string answer);
  std::shared_ptr<Line> next_line();

  Desk* desk_;
  Send send_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<ConnectionId, std::shared_ptr<Line>> lines_;
  std::size_t waiting_bytes_ = 0;
  std::deque<Work> for_user_;
  std::thread reader_, user_;
};

}  // namespace kilt::bridge
