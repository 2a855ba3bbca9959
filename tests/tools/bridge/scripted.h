// A dialogue that a test plays, in this process.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/tools/bridge/soft_token.h"
#include "tools/bridge/dialogue.h"

namespace kilt::bridge::test {

/// What the user does and what was shown to them, over all dialogues of a test.
struct User {
  /// Label of the key to choose, by its certificate's owner and purpose; "": the first that fits.
  std::string purpose;
  std::deque<std::string> pins;  ///< typed one after the other; the last again and again
  bool admits = true;
  bool cancels = false;
  std::string file;
  std::vector<Json> shown;

  [[nodiscard]] std::size_t count(const std::string& type) const {
    std::size_t n = 0;
    for (const Json& message : shown) n += message.value("type", "") == type ? 1U : 0U;
    return n;
  }
  /// The last message of a type; null if there was none.
  [[nodiscard]] Json last(const std::string& type) const {
    Json found;
    for (const Json& message : shown)
      if (message.value("type", "") == type) found = message;
    return found;
  }
};

class Scripted : public Dialogue {
 public:
  explicit Scripted(User& user) : user_(&user) {}

  void send(const Json& message) override {
    user_->shown.push_back(message);
    const std::string type = message.value("type", "");
    if (type == "origin") events_.push_back({{"event", user_->admits ? "allow" : "deny"}});
    if (type == "file") {
      if (user_->file.empty())
        cancel();
      else
        events_.push_back({{"event", "file"}, {"path", user_->file}});
    }
    if (type == "request") {
      storages_ = message["storages"];
      private_key_ = message["private_key"].get<bool>();
      choose(private_key_);
    }
    if (type == "keys") {
      const bool opened = opens_;
      storages_ = Json::array({message["storage"]});
      if (message["needs_pin"].get<bool>() || opened)
        choose(message["needs_pin"].get<bool>());
      else
        cancel();  // what was chosen cannot be used
    }
    if (type == "refused") {
      if (user_->pins.size() > 1) {
        user_->pins.pop_front();
        choose(true);
      } else {
        cancel();
      }
    }
    if (type == "failed") cancel();
  }
  std::optional<Json> next(std::chrono::milliseconds wait) override {
    if (events_.empty()) {
      std::this_thread::sleep_for(std::min(wait, std::chrono::milliseconds(10)));
      return std::nullopt;
    }
    Json event = events_.front();
    events_.pop_front();
    return event;
  }
  tool::Secret pin() override {
    return tool::Secret(tool::view(user_->pins.empty() ? kPin : user_->pins.front()));
  }

 private:
  void cancel() { events_.push_back({{"event", "cancel"}}); }
  void choose(bool with_pin) {
    if (user_->cancels) return cancel();
    opens_ = false;
    for (const Json& storage : storages_)
      for (const Json& key : storage["keys"])
        if (key["reason"] == "" && (user_->purpose.empty() || key["purpose"] == user_->purpose)) {
          events_.push_back({{"event", "choose"},
                             {"storage", storage["id"]},
                             {"key", key["id"]},
                             {"pin", with_pin}});
          return;
        }
    // A storage that shows its keys after a login only is opened, once.
    for (const Json& storage : storages_)
      if (storage["keys"].empty() && !storage["logged_in"].get<bool>()) {
        opens_ = true;
        events_.push_back({{"event", "choose"}, {"storage", storage["id"]}, {"pin", true}});
        return;
      }
    cancel();
  }
  User* user_;
  Json storages_;
  bool private_key_ = true;
  bool opens_ = false;  ///< the storage's keys are not seen yet
  std::deque<Json> events_;
};

}  // namespace kilt::bridge::test
