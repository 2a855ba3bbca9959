#include "tools/commands/known_tokens.h"

#include <algorithm>
#include <span>

#include "tools/terminal/state_file.h"

namespace kilt::tool {
namespace {

constexpr const char* kStateFile = "tokens.json";
constexpr std::size_t kMostReaders = 3000;

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Cryptoki's text fields are padded with blanks.
void pad(std::span<unsigned char> field, const std::string& text) {
  std::ranges::fill(field, ' ');
  std::copy_n(text.begin(), std::min(text.size(), field.size()), field.begin());
}

}  // namespace

KnownTokens::KnownTokens(std::string module)
    : module_(std::move(module)), readers_(nlohmann::json::object()) {
  const auto state = read_state(kStateFile);
  const auto known = state.find(module_);
  if (known != state.end() && known->is_object()) readers_ = *known;
}

std::optional<SlotView::Token> KnownTokens::in(const std::string& reader) const {
  const auto known = readers_.find(reader);
  if (known == readers_.end() || !known->is_object()) return std::nullopt;
  SlotView::Token token;
  token.label = text_of(*known, "label");
  token.serial = text_of(*known, "serial");
  token.manufacturer = text_of(*known, "manufacturer");
  token.model = text_of(*known, "model");
  pad(token.raw.label, token.label);
  pad(token.raw.serialNumber, token.serial);
  pad(token.raw.manufacturerID, token.manufacturer);
  pad(token.raw.model, token.model);
  return token;
}

void KnownTokens::note(const SlotView& slot) {
  if (!slot.present || (!slot.token && slot.trouble != CKR_TOKEN_NOT_RECOGNIZED)) {
    changed_ = readers_.erase(slot.reader) != 0 || changed_;
    return;
  }
  nlohmann::json names = nlohmann::json::object();
  if (slot.token)
    names = {{"label", slot.token->label},
             {"serial", slot.token->serial},
             {"manufacturer", slot.token->manufacturer},
             {"model", slot.token->model}};
  const auto known = readers_.find(slot.reader);
  if (known != readers_.end() && *known == names) return;
  if (readers_.size() >= kMostReaders) readers_ = nlohmann::json::object();
  readers_[slot.reader] = std::move(names);
  changed_ = true;
}

void KnownTokens::keep() noexcept {
  if (changed_) change_state(kStateFile, [&](nlohmann::json& state) { state[module_] = readers_; });
  changed_ = false;
}

}  // namespace kilt::tool
