// Which web sites may ask for anything: the administrator's lists, what the user answered, and a
// brake for pages that flood the user with dialogues.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tools/bridge/settings.h"

namespace kilt::bridge {

/// "https://host[:port]" in the form that browsers send, or "http" for this machine's own pages and
/// "file", "null" nowhere. Host names in ASCII.
bool is_web_origin(const std::string& origin);
/// `pattern` is an origin, or one with "*." before the host: its subdomains, not itself.
bool origin_fits(const std::string& origin, const std::string& pattern);

class Origins {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Verdict { kAllowed, kRefused, kAsk };

  /// Reads what was answered before from settings.state/bridge-origins.json.
  explicit Origins(const Settings& settings);

  [[nodiscard]] Verdict judge(const std::string& origin) const;
  /// The user's answer. A yes is kept for good, a no until the bridge ends.
  void answer(const std::string& origin, bool yes);
  /// The storage and key that were used last at this site; empty: none.
  struct Last {
    std::string storage, key;
  };
  [[nodiscard]] Last last(const std::string& origin) const;
  void remember(const std::string& origin, const Last& last);
  /// Sites that the user allowed.
  [[nodiscard]] std::vector<std::string> allowed() const;

  /// A dialogue was cancelled, or not. Three in a row within a minute: the site is muted for one.
  void ended(const std::string& origin, bool cancelled, Clock::time_point now);
  [[nodiscard]] bool muted(const std::string& origin, Clock::time_point now) const;

 private:
  void save() const;
  struct Known {
    bool allowed = false, refused = false;
    Last last;
    std::vector<Clock::time_point> cancelled;
  };
  Settings settings_;
  std::filesystem::path file_;
  std::map<std::string, Known> known_;
};

}  // namespace kilt::bridge
