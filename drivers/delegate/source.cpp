#include "drivers/delegate/source.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "drivers/delegate/token.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

/// There is no card to speak to: whoever sends an APDU has made a mistake.
class TokenConnection : public apdu::Connection, public TokenSource {
 public:
  void begin() override {}
  void end() noexcept override {}
  Bytes transmit(BytesView) override {
    throw TransportError("this token is behind another PKCS#11 module");
  }
  void reset() override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return no_atr_; }
  void abandon() noexcept override {}

 private:
  Bytes no_atr_;
};

/// A card in one of our readers that the module serves alone.
class ServedConnection : public TokenConnection {
 public:
  ServedConnection(Rule rule, std::string reader)
      : rule_(std::move(rule)), reader_(std::move(reader)) {}
  std::unique_ptr<Token> open_token() override { return open_token_of(rule_, reader_, {}); }

 private:
  Rule rule_;
  std::string reader_;
};

/// A slot of the module.
class SlotConnection : public TokenConnection {
 public:
  SlotConnection(std::shared_ptr<Module> module, CK_SLOT_ID slot)
      : module_(std::move(module)), slot_(slot) {}
  std::unique_ptr<Token> open_token() override {
    return std::make_unique<DelegateToken>(module_, slot_);
  }

 private:
  std::shared_ptr<Module> module_;
  CK_SLOT_ID slot_;
};

/// Our own connection, with the rule at hand for the registry.
class HelpedConnection : public apdu::Connection, public Helped {
 public:
  HelpedConnection(std::unique_ptr<apdu::Connection> inner, Rule rule, std::string reader)
      : inner_(std::move(inner)), rule_(std::move(rule)), reader_(std::move(reader)) {}
  void begin() override { inner_->begin(); }
  void end() noexcept override { inner_->end(); }
  Bytes transmit(BytesView command) override { return inner_->transmit(command); }
  void reset() override { inner_->reset(); }
  [[nodiscard]] const Bytes& atr() const noexcept override { return inner_->atr(); }
  [[nodiscard]] unsigned protocol() const noexcept override { return inner_->protocol(); }
  [[nodiscard]] bool extended_length() const noexcept override { return inner_->extended_length(); }
  void abandon() noexcept override { inner_->abandon(); }
  [[nodiscard]] const Rule& rule() const noexcept override { return rule_; }
  [[nodiscard]] const std::string& reader() const noexcept override { return reader_; }

 private:
  std::unique_ptr<apdu::Connection> inner_;
  Rule rule_;
  std::string reader_;
};

class DelegatingTransport : public apdu::Transport {
 public:
  DelegatingTransport(std::unique_ptr<apdu::Transport> inner, std::vector<Rule> rules)
      : inner_(std::move(inner)), rules_(std::move(rules)) {}

  std::vector<apdu::ReaderState> readers() override { return inner_->readers(); }
  std::unique_ptr<apdu::Connection> connect(const std::string& reader) override {
    for (const auto& state : inner_->readers()) {
      if (state.name != reader || !state.card_present) continue;
      for (const Rule& rule : rules_) {
        if (!rule.matches(reader, state.atr)) continue;
        if (rule.serve == Rule::Serve::kAll)
          return std::make_unique<ServedConnection>(rule, reader);
        return std::make_unique<HelpedConnection>(inner_->connect(reader), rule, reader);
      }
    }
    return inner_->connect(reader);
  }
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    inner_->wait_for_change(known, patience);
  }
  void cancel() noexcept override { inner_->cancel(); }
  void abandon() noexcept override { inner_->abandon(); }

 private:
  std::unique_ptr<apdu::Transport> inner_;
  std::vector<Rule> rules_;
};

class ModuleTransport : public apdu::Transport {
 public:
  explicit ModuleTransport(Rule rule) : rule_(std::move(rule)) {}

  std::vector<apdu::ReaderState> readers() override {
    std::vector<apdu::ReaderState> states;
    const std::lock_guard lock(mutex_);
    try {
      look();
    } catch (const Error&) {
      present_.clear();  // the service is absent: an empty list, never an error
    }
    for (Seen& seen : seen_) {
      const bool present = present_.contains(seen.name);
      if (present != seen.present) ++seen.events;
      seen.present = present;
      apdu::ReaderState state;
      state.name = seen.name;
      state.card_present = present;
      state.event_count = seen.events;
      states.push_back(std::move(state));
    }
    return states;
  }

  std::unique_ptr<apdu::Connection> connect(const std::string& reader) override {
    const std::lock_guard lock(mutex_);
    look();
    const auto slot = present_.find(reader);
    if (slot == present_.end()) throw CardRemoved();
    return std::make_unique<SlotConnection>(module_, slot->second);
  }

  // Modules need not wake us, and polling them would keep a token busy: just the time goes by.
  void wait_for_change(const std::vector<apdu::ReaderState>&,
                       std::chrono::milliseconds patience) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience, [&] { return cancelled_; });
    cancelled_ = false;
  }
  void cancel() noexcept override {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }
  void abandon() noexcept override {
    if (module_) module_->abandon();
  }

 private:
  struct Seen {
    std::string name;
    bool present = false;
    std::uint64_t events = 0;
  };

  void look() {
    if (!module_) module_ = Module::open(rule_);
    present_.clear();
    for (const ForeignSlot& slot : module_->slots()) {
      if (!rule_.label.empty() && slot.label != rule_.label) continue;
      std::string name = slot.description.empty() ? rule_.module : slot.description;
      // Descriptions need not differ; ids do.
      if (present_.contains(name)) name += fmt::format(" #{}", slot.id);
      present_.emplace(name, slot.id);
      if (std::ranges::find(seen_, name, &Seen::name) == seen_.end()) seen_.push_back({name});
    }
  }

  Rule rule_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  std::shared_ptr<Module> module_;
  std::map<std::string, CK_SLOT_ID> present_;
  std::vector<Seen> seen_;  ///< in the module's order: it shows tokens in use first
};

bool same_serial(const std::string& a, const std::string& b) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return !a.empty() && std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::unique_ptr<apdu::Transport> make_delegating_transport(std::unique_ptr<apdu::Transport> inner,
                                                           std::vector<Rule> rules) {
  return std::make_unique<DelegatingTransport>(std::move(inner), std::move(rules));
}

std::unique_ptr<apdu::Transport> make_module_transport(Rule rule) {
  return std::make_unique<ModuleTransport>(std::move(rule));
}

std::unique_ptr<Token> open_token_of(const Rule& rule, const std::string& reader,
                                     const std::string& serial) {
  const auto module = Module::open(rule);
  auto slots = module->slots();
  std::erase_if(slots, [&](const ForeignSlot& slot) {
    return (!rule.label.empty() && slot.label != rule.label) ||
           (!serial.empty() && !same_serial(slot.serial, serial));
  });
  const auto named = std::ranges::find(slots, reader, &ForeignSlot::description);
  if (named != slots.end()) return std::make_unique<DelegateToken>(module, named->id);
  if (slots.size() == 1) return std::make_unique<DelegateToken>(module, slots.front().id);
  throw TokenNotRecognized();
}

}  // namespace kilt::delegate
