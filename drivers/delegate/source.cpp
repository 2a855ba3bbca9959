#include "drivers/delegate/source.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "drivers/delegate/overlay.h"
#include "drivers/delegate/token.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

class DelegatedSource : public TokenSource {
 public:
  DelegatedSource(std::unique_ptr<TokenSource> inner, std::vector<Rule> rules)
      : inner_(std::move(inner)), rules_(std::move(rules)) {}

  std::vector<apdu::ReaderState> readers() override { return inner_->readers(); }
  std::unique_ptr<OpenedToken> open(const std::string& reader) override {
    const Rule* rule = rule_for(reader);
    if (rule == nullptr) return inner_->open(reader);
    if (rule->serve == Rule::Serve::kAll)
      return opened_without_card(open_token_of(*rule, reader, {}));
    return make_overlay(inner_->open(reader), *rule, reader);
  }
  [[nodiscard]] bool hardware() const noexcept override { return inner_->hardware(); }
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    inner_->wait_for_change(known, patience);
  }
  void cancel() noexcept override { inner_->cancel(); }
  void abandon() noexcept override { inner_->abandon(); }

 private:
  const Rule* rule_for(const std::string& reader) {
    for (const auto& state : inner_->readers()) {
      if (state.name != reader || !state.card_present) continue;
      for (const Rule& rule : rules_)
        if (rule.matches(reader, state.atr)) return &rule;
    }
    return nullptr;
  }

  std::unique_ptr<TokenSource> inner_;
  std::vector<Rule> rules_;
};

class ModuleSource : public PolledSource {
 public:
  explicit ModuleSource(Rule rule) : rule_(std::move(rule)) {}

  std::vector<apdu::ReaderState> readers() override {
    std::vector<apdu::ReaderState> states;
    const std::lock_guard lock(mutex_);
    try {
      refresh();
    } catch (const Error&) {
      present_.clear();  // the service is absent: an empty list, never an error
    }
    for (Known& known : known_) {
      const bool present = present_.contains(known.name);
      if (present != known.present) ++known.events;
      known.present = present;
      apdu::ReaderState state;
      state.name = known.name;
      state.card_present = present;
      state.event_count = known.events;
      states.push_back(std::move(state));
    }
    return states;
  }

  std::unique_ptr<OpenedToken> open(const std::string& reader) override {
    const std::lock_guard lock(mutex_);
    refresh();
    const auto slot = present_.find(reader);
    if (slot == present_.end()) throw CardRemoved();
    return opened_without_card(std::make_unique<DelegateToken>(module_, slot->second));
  }

  void abandon() noexcept override {
    if (module_) module_->abandon();
  }

 private:
  struct Known {
    std::string name;
    bool present = false;
    std::uint64_t events = 0;
  };

  void refresh() {
    if (!module_) module_ = Module::open(rule_);
    present_.clear();
    for (const ForeignSlot& slot : module_->slots()) {
      if (!rule_.label.empty() && slot.label != rule_.label) continue;
      std::string name = slot.description.empty() ? rule_.module : slot.description;
      // Descriptions need not differ; ids do.
      if (present_.contains(name)) name += fmt::format(" #{}", slot.id);
      present_.emplace(name, slot.id);
      if (std::ranges::find(known_, name, &Known::name) == known_.end()) known_.push_back({name});
    }
  }

  Rule rule_;
  std::mutex mutex_;
  std::shared_ptr<Module> module_;
  std::map<std::string, CK_SLOT_ID> present_;
  std::vector<Known> known_;  ///< in the module's order: it shows tokens in use first
};

bool same_serial(const std::string& a, const std::string& b) {
  const auto lower = [](unsigned char c) { return std::tolower(c); };
  return !a.empty() && std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

std::unique_ptr<TokenSource> make_delegated_source(std::unique_ptr<TokenSource> inner,
                                                   std::vector<Rule> rules) {
  return std::make_unique<DelegatedSource>(std::move(inner), std::move(rules));
}

std::unique_ptr<TokenSource> make_module_source(Rule rule) {
  return std::make_unique<ModuleSource>(std::move(rule));
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
