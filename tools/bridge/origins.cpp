#include "tools/bridge/origins.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tools/terminal/failure.h"
#include "tools/terminal/files.h"

namespace kilt::bridge {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxSites = 1000;
constexpr std::uintmax_t kMaxFile = std::uintmax_t{1} << 20U;
constexpr std::size_t kMaxCancelled = 3;
constexpr auto kWindow = std::chrono::minutes(1);

bool host_is_plain(const std::string& host) {
  return !host.empty() && host.size() <= 260 &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == std::string::npos;
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

bool is_web_origin(const std::string& origin) {
  for (const std::string scheme : {"https://", "http://"})
    if (origin.starts_with(scheme)) return host_is_plain(origin.substr(scheme.size()));
  return false;
}

bool origin_fits(const std::string& origin, const std::string& pattern) {
  const auto star = pattern.find("://*.");
  if (star == std::string::npos) return origin == pattern;
  const std::string scheme = pattern.substr(0, star + 3);
  const std::string tail = pattern.substr(star + 4);  // ".gov.kz"
  return origin.size() > scheme.size() + tail.size() && origin.starts_with(scheme) &&
         origin.ends_with(tail);
}

Origins::Origins(const Settings& settings)
    : settings_(settings), file_(settings.state / "bridge-origins.json") {
  std::error_code error;
  if (!fs::is_regular_file(file_, error) || fs::file_size(file_, error) > kMaxFile) return;
  std::ifstream file(file_, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const Json json = Json::parse(text.str(), nullptr, false);
  if (!json.is_object()) return;
  for (const auto& [origin, entry] : json.items()) {
    if (known_.size() >= kMaxSites || !is_web_origin(origin) || !entry.is_object()) continue;
    Known& known = known_[origin];
    const auto allowed = entry.find("allowed");
    known.allowed = allowed != entry.end() && allowed->is_boolean() && allowed->get<bool>();
    known.last = {text_of(entry, "storage"), text_of(entry, "key")};
  }
}

Origins::Verdict Origins::judge(const std::string& origin) const {
  const auto fits = [&](const std::string& pattern) { return origin_fits(origin, pattern); };
  if (std::ranges::any_of(settings_.deny, fits)) return Verdict::kRefused;
  if (!is_web_origin(origin))  // none, "null", a file, an extension
    return settings_.no_origin ? Verdict::kAllowed : Verdict::kRefused;
  if (std::ranges::any_of(settings_.allow, fits)) return Verdict::kAllowed;
  if (const auto found = known_.find(origin); found != known_.end()) {
    if (found->second.refused) return Verdict::kRefused;
    if (found->second.allowed && settings_.ask) return Verdict::kAllowed;
  }
  return settings_.ask ? Verdict::kAsk : Verdict::kRefused;
}

void Origins::answer(const std::string& origin, bool yes) {
  if (known_.size() >= kMaxSites && !known_.contains(origin)) return;
  Known& known = known_[origin];
  known.allowed = yes;
  known.refused = !yes;
  if (yes) save();
}

Origins::Last Origins::last(const std::string& origin) const {
  const auto found = known_.find(origin);
  return found == known_.end() ? Last{} : found->second.last;
}

void Origins::remember(const std::string& origin, const Last& last) {
  if (!is_web_origin(origin) || (known_.size() >= kMaxSites && !known_.contains(origin))) return;
  Known& known = known_[origin];
  if (known.last.storage == last.storage && known.last.key == last.key) return;
  known.last = last;
  save();
}

std::vector<std::string> Origins::allowed() const {
  std::vector<std::string> list;
  for (const auto& [origin, known] : known_)
    if (known.allowed) list.push_back(origin);
  return list;
}

void Origins::ended(const std::string& origin, bool cancelled, Clock::time_point now) {
  if (known_.size() >= kMaxSites && !known_.contains(origin)) return;
  auto& times = known_[origin].cancelled;
  if (!cancelled) {
    times.clear();
    return;
  }
  times.push_back(now);
  if (times.size() > kMaxCancelled) times.erase(times.begin());
}

bool Origins::muted(const std::string& origin, Clock::time_point now) const {
  const auto found = known_.find(origin);
  if (found == known_.end()) return false;
  const auto& times = found->second.cancelled;
  return times.size() >= kMaxCancelled && times.back() - times.front() < kWindow &&
         now - times.back() < kWindow;
}

void Origins::save() const {
  Json json = Json::object();
  for (const auto& [origin, known] : known_)
    if (known.allowed || !known.last.storage.empty())
      json[origin] = {
          {"allowed", known.allowed}, {"storage", known.last.storage}, {"key", known.last.key}};
  std::error_code error;
  fs::create_directories(file_.parent_path(), error);
  const std::string text = json.dump(1) + '\n';
  try {
    tool::write_file(file_.string(), tool::view(text));
  } catch (const tool::Failure&) {
    return;  // a folder that cannot be written: it is asked again next time
  }
}

}  // namespace kilt::bridge
