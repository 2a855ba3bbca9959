#include "tools/bridge/consent.h"

#include <algorithm>

#include <openssl/sha.h>

#include "tools/bridge/consent_json.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

using namespace std::chrono;
using tool::tr;

constexpr auto kTick = milliseconds(200);
constexpr auto kLookAgain = seconds(2);
constexpr auto kLongest = minutes(10);  // for a user who went away

std::string event_text(const Json& event, const char* key) {
  const auto found = event.find(key);
  return found != event.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

/// One dialogue about one wish.
class Consent::Talk {
 public:
  Talk(Consent& consent, const Page& page, Wish wish)
      : consent_(&consent), page_(&page), wish_(std::make_shared<Wish>(std::move(wish))) {}
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk() { close_token(); }

  void run() {
    look();
    dialogue_ = consent_->open(*page_);
    dialogue_->send(
        request_json(*page_, *wish_, *storages_, consent_->origins_->last(page_->origin)));
    const auto end = steady_clock::now() + kLongest;
    auto looked = steady_clock::now();
    while (true) {
      if (page_->gone || steady_clock::now() > end) throw Cancelled();
      const auto event = dialogue_->next(kTick);
      if (event) {
        if (take(*event)) return;
      } else if (!token_ && steady_clock::now() - looked > kLookAgain) {
        if (changed()) {
          look();
          dialogue_->send(storages_json(*storages_));
        }
        looked = steady_clock::now();
      }
    }
  }

 private:
  /// While a task runs: the page is there and the user has not closed the dialogue.
  ModuleThread::Patience patience() {
    return [this] {
      if (page_->gone) return false;
      if (!dialogue_) return true;
      if (wish_->count > 1) dialogue_->send(progress_json(progress_->done, wish_->count));
      const auto event = dialogue_->next(milliseconds(0));
      return !event || event_text(*event, "event") != "cancel";
    };
  }
  void on_module(std::function<void(tool::Module&)> task) {
    try {
      consent_->module_->run(std::move(task), patience());
    } catch (const tool::Failure& failure) {
      if (failure.kind() != tool::Kind::kInterrupted) throw;
      progress_->stop = true;  // it goes on without us, but signs nothing more
      throw Cancelled();
    }
  }

  void look() {
    const auto wish = wish_;
    const auto found = std::make_shared<std::vector<Storage>>();
    const auto mark = std::make_shared<std::string>();
    on_module([=](tool::Module& module) {
      *mark = fingerprint(module);
      *found = storages(module, wish->storages, wish->filter, std::time(nullptr));
    });
    storages_ = found;
    mark_ = *mark;
  }
  bool changed() {
    const auto mark = std::make_shared<std::string>();
    on_module([=](tool::Module& module) { *mark = fingerprint(module); });
    return *mark != mark_;
  }

  /// true: done.
  bool take(const Json& event) {
    const std::string kind = event_text(event, "event");
    if (kind == "cancel") throw Cancelled();
    if (kind != "choose") return false;
    const std::string storage_id = event_text(event, "storage");
    const std::string key = event_text(event, "key");
    const bool with_pin = as_flag(event.value("pin", Json(false))).value_or(false);
    const auto pin = std::make_shared<tool::Secret>();
    if (with_pin) *pin = dialogue_->pin();
    const auto storage = std::ranges::find(*storages_, storage_id, &Storage::id);
    if (storage == storages_->end()) {
      dialogue_->send(refused_json(tr("This token is no longer there."), nullptr));
      return false;
    }
    try {
      return with_token(*storage, key, with_pin, pin);
    } catch (const tool::Failure& failure) {
      refuse(*storage, failure);
      return false;
    }
  }

  bool with_token(Storage& storage, const std::string& key, bool with_pin,
                  const std::shared_ptr<tool::Secret>& pin) {
    if (token_id_ != storage.id) close_token();
    const auto slot = storage.slot;
    const auto wish = wish_;
    // The task may outlive this: it works on what it owns.
    const auto token = token_ ? token_ : std::make_shared<std::unique_ptr<OpenToken>>();
    const auto now = std::make_shared<Storage>();
    on_module([=](tool::Module& module) {
      if (!*token) *token = std::make_unique<OpenToken>(module, slot);
      if (with_pin) (*token)->login(std::move(*pin));
      *now = (*token)->describe(wish->filter, std::time(nullptr));
    });
    token_ = token;
    token_id_ = storage.id;
    storage = *now;
    const auto offer = std::ranges::find(storage.keys, key, &KeyOffer::id);
    if (offer == storage.keys.end() || !offer->reason.empty() || needs_pin(storage)) {
      dialogue_->send(keys_json(storage, needs_pin(storage)));
      return false;
    }
    act(storage, key);
    return true;
  }

  [[nodiscard]] bool needs_pin(const Storage& storage) const {
    return wish_->private_key && !storage.logged_in && storage.slot.token->has(CKF_LOGIN_REQUIRED);
  }

  void act(const Storage& storage, const std::string& key) {
    const auto wish = wish_;
    const auto token = token_;
    const auto progress = progress_;
    dialogue_->send(progress_json(0, wish_->count));
    try {
      on_module([=](tool::Module&) {
        const auto chosen = (*token)->choose(key);
        if (wish->private_key && (chosen.key == nullptr || chosen.key->private_key == 0))
          throw tool::Failure(tool::Kind::kNotFound,
                              tr("The private key is not on the token, or not seen."));
        Granted granted{(*token)->session(), *chosen.certificate, chosen.key, *progress};
        wish->act(granted);
      });
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      // The consent is used up: nothing is tried twice with it.
      dialogue_->send(failed_json(error.what()));
      wait_for_reading();
      throw Refused("SIGNING_FAILURE", error.what());
    }
    consent_->origins_->remember(page_->origin, {storage.id, key});
    dialogue_->send({{"type", "done"}});
  }

  /// The user reads why it failed, and closes the dialogue.
  void wait_for_reading() {
    const auto end = steady_clock::now() + seconds(30);
    while (steady_clock::now() < end && !page_->gone) {
      const auto event = dialogue_->next(kTick);
      if (event && event_text(*event, "event") == "cancel") return;
    }
  }

  void refuse(const Storage& storage, const tool::Failure& failure) {
    tool::TokenStatus status = storage.status;
    // What is left of the tries now; the token may be gone, then what is known must do.
    const auto slot = storage.slot;
    const auto now = std::make_shared<tool::TokenStatus>(status);
    const auto token = token_;
    try {
      on_module([=](tool::Module& module) {
        const auto view = module.slot(slot.id);
        if (!view.token) return;
        if (token && *token) {
          *now = tool::read_status((*token)->session(), *view.token);
        } else {
          tool::Session session(module, slot.id, tool::Session::Mode::kRead);
          *now = tool::read_status(session, *view.token);
        }
      });
    } catch (const tool::Failure&) {
      *now = status;
    }
    dialogue_->send(refused_json(failure.advice().empty()
                                     ? failure.what()
                                     : std::string(failure.what()) + ' ' + failure.advice(),
                                 &*now));
    if (failure.kind() == tool::Kind::kToken) {
      close_token();
      mark_.clear();  // list again: it was pulled
    }
  }

  /// Sessions are closed on the module's thread.
  void close_token() {
    if (!token_) return;
    auto token = std::exchange(token_, nullptr);
    token_id_.clear();
    try {
      consent_->module_->run([token = std::move(token)](tool::Module&) { token->reset(); },
                             [] { return false; });
    } catch (const std::exception&) {
      return;  // the module hangs; the task ends the session when it comes back
    }
  }

  Consent* consent_;
  const Page* page_;
  std::shared_ptr<Wish> wish_;
  std::unique_ptr<Dialogue> dialogue_;
  std::shared_ptr<std::vector<Storage>> storages_;
  std::string mark_;
  std::shared_ptr<std::unique_ptr<OpenToken>> token_;
  std::string token_id_;
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
};

std::unique_ptr<Dialogue> Consent::open(const Page& page) {
  const auto now = Origins::Clock::now();
  if (origins_->muted(page.origin, now)) throw Cancelled();
  return open_(page.locale);
}

void Consent::admit(const Page& page) {
  switch (origins_->judge(page.origin)) {
    case Origins::Verdict::kAllowed:
      return;
    case Origins::Verdict::kRefused:
      throw Cancelled();
    case Origins::Verdict::kAsk:
      break;
  }
  const auto dialogue = open(page);
  dialogue->send(origin_json(page));
  const auto end = steady_clock::now() + kLongest;
  while (!page.gone && steady_clock::now() < end) {
    const auto event = dialogue->next(kTick);
    if (!event) continue;
    const std::string kind = event_text(*event, "event");
    if (kind == "allow") {
      origins_->answer(page.origin, true);
      return;
    }
    if (kind == "deny") origins_->answer(page.origin, false);
    break;
  }
  origins_->ended(page.origin, true, Origins::Clock::now());
  throw Cancelled();
}

void Consent::ask(const Page& page, Wish wish) {
  try {
    Talk(*this, page, std::move(wish)).run();
  } catch (const Cancelled&) {
    origins_->ended(page.origin, true, Origins::Clock::now());
    throw;
  }
  origins_->ended(page.origin, false, Origins::Clock::now());
}

std::string Consent::choose_file(const Page& page, const std::string& extension) {
  const auto dialogue = open(page);
  dialogue->send(file_json(page, extension));
  const auto end = steady_clock::now() + kLongest;
  while (!page.gone && steady_clock::now() < end) {
    const auto event = dialogue->next(kTick);
    if (!event) continue;
    const std::string path = event_text(*event, "path");
    if (event_text(*event, "event") != "file" || path.empty() || path.front() != '/') break;
    return path;
  }
  throw Cancelled();
}

std::vector<std::string> Consent::tokens(const Page& page) {
  const auto names = std::make_shared<std::vector<std::string>>();
  module_->run([=](tool::Module& module) { *names = active_tokens(module); },
               [&page] { return !page.gone; });
  return *names;
}

}  // namespace kilt::bridge
