#include "drivers/iso7816/pins.h"

#include <algorithm>

#include <fmt/format.h>

#include "drivers/iso7816/pad_command.h"
#include "drivers/iso7816/pin_block.h"
#include "drivers/logout.h"
#include "drivers/pkcs15/user_pin.h"
#include "drivers/status.h"

namespace kilt::iso7816 {
namespace {

/// A command of ISO/IEC 7816-4, 11.6, where the profile names none.
Procedure standard(const char* text, bool verified) {
  return {{CommandTemplate::parse(text)}, verified};
}

const PinRules& standard_rules() {
  // VERIFY and its form without data are used as they are on every PKCS#15 card. Changing and
  // unblocking differ between cards, and a mistake costs tries: they want the user's consent.
  static const PinRules rules = [] {
    PinRules result;
    result.verify = standard("00 20 00 {ref} {Lc} {pin}", true);
    result.status = standard("00 20 00 {ref}", true);
    result.change = standard("00 24 00 {ref} {Lc} {old} {new}", false);
    result.unblock = standard("00 2C 00 {ref} {Lc} {puk} {new}", false);
    return result;
  }();
  return rules;
}

const char* const kNoPad =
    "this card wants its PIN in a form that no reader makes: it cannot be typed at the reader";
const char* const kNoChangeAtPad =
    "this PIN cannot be changed at the reader: change it on the computer";

/// pinType of ISO/IEC 7816-15, as PinEncoding counts.
constexpr std::initializer_list<unsigned> kForms{0, 1, 2, 3, 4};

bool has(const pkcs15::PinEntry& entry, std::uint32_t flag) { return (entry.flags & flag) != 0; }

}  // namespace

Pins::Pins(apdu::Card& card, Files& files, const Profile& profile)
    : card_(&card), files_(&files), profile_(profile) {
  const auto adopt = [&](const std::optional<PinRules>& rules, std::optional<Pin>& target) {
    if (!rules) return;
    target = Pin{*rules, {}, false, true, true, {}};
    // Its numbers are the profile's, so what is built on them is as verified as the profile is.
    if (target->rules.verify.empty())
      target->rules.verify = {standard_rules().verify.steps, profile.verified};
  };
  adopt(profile.commands.user_pin, user_);
  adopt(profile.commands.so_pin, so_);
}

Pins::Pin Pins::from_directory(const pkcs15::PinEntry& entry) const {
  Pin pin{standard_rules(), entry.path.file, true, true, true, {}};
  PinRules& rules = pin.rules;
  rules.reference = entry.reference;
  pin.not_understood = pkcs15::why_not_understood(entry, kForms);
  if (pin.not_understood.empty()) rules.format.encoding = static_cast<PinEncoding>(entry.type);
  rules.format.stored = entry.stored_length;
  rules.format.min = std::max(entry.min_length, 1U);
  rules.format.max = entry.max_length != 0 ? entry.max_length : entry.stored_length;
  if (rules.format.max == 0) rules.format.max = 255;
  rules.format.max = std::max(rules.format.max, rules.format.min);
  if (has(entry, pkcs15::pin_flag::kNeedsPadding)) rules.format.pad = entry.pad.value_or(0x00);
  pin.may_change = !has(entry, pkcs15::pin_flag::kChangeDisabled);
  pin.may_unblock = !has(entry, pkcs15::pin_flag::kUnblockDisabled);
  return pin;
}

void Pins::set_directory(const std::vector<pkcs15::PinEntry>& entries) {
  using namespace pkcs15;
  puk_.reset();
  for (const PinEntry& entry : entries) {
    const bool unblocking = has(entry, pin_flag::kUnblockingPin);
    const bool so = has(entry, pin_flag::kSoPin);
    if (unblocking && !puk_) {
      const Pin puk = from_directory(entry);
      puk_ = puk.rules.format;
      puk_not_understood_ = puk.not_understood;
    }
    if (so && !unblocking && !profile_.commands.so_pin) so_ = from_directory(entry);
  }
  const UserPin user = choose_user_pin(entries, kForms);
  if (user.entry == nullptr) return;
  user_auth_id_ = user.entry->auth_id;
  user_label_ = user.label;
  if (profile_.commands.user_pin) return;
  user_ = from_directory(*user.entry);
}

const Pins::Pin* Pins::find(PinRole role) const noexcept {
  const auto& pin = role == PinRole::kUser ? user_ : so_;
  return pin ? &*pin : nullptr;
}

const Pins::Pin& Pins::need(PinRole role) const {
  if (const Pin* pin = find(role)) {
    if (!pin->not_understood.empty()) throw NotSupported(pin->not_understood);
    return *pin;
  }
  throw NotSupported(role == PinRole::kUser ? "no public source says how to log in to this card"
                                            : "this card has no SO PIN that anybody has described");
}

bool Pins::usable(const Procedure& procedure) const noexcept {
  return !procedure.empty() && (procedure.verified || profile_.accepted());
}

std::string Pins::why_not(const Procedure& procedure, const char* what) const {
  if (procedure.empty()) return fmt::format("no public source says how to {} on this card", what);
  if (usable(procedure)) return {};
  return fmt::format(
      "nobody has tried yet how to {} on this card, and a mistake can cost tries of the PIN; if "
      "you "
      "want to, add \"{}\" to profiles.unverified in kilt.toml",
      what, profile_.name);
}

std::string Pins::why_no_login() const {
  if (!user_) return "no public source says how to log in to this card";
  if (!user_->not_understood.empty()) return user_->not_understood;
  return why_not(user_->rules.verify, "log in");
}

std::string Pins::why_no_change() const {
  if (!user_) return "no public source says how to change a PIN on this card";
  if (!user_->not_understood.empty()) return user_->not_understood;
  if (!user_->may_change) return "the card says that its PIN cannot be changed";
  return why_not(user_->rules.change, "change the PIN");
}

std::string Pins::why_no_unblock() const {
  if (!user_) return "no public source says how to unblock a PIN on this card";
  if (!user_->not_understood.empty()) return user_->not_understood;
  if (!puk_not_understood_.empty()) return puk_not_understood_;
  if (!user_->may_unblock) return "the card says that its PIN cannot be unblocked";
  return why_not(user_->rules.unblock, "unblock the PIN");
}

void Pins::select(const Pin& pin) {
  if (!pin.directory.empty()) {
    files_->select(pin.directory);
    return;
  }
  if (pin.of_standard) {
    // Nothing: the application stays selected since it was found; a PIN of the card as a whole
    // does not need it, one of the application is refused, not miscounted, elsewhere.
    files_->in_application([] {});
    return;
  }
  for (const CommandTemplate& step : pin.rules.select)
    expect_ok("SELECT", card_->send(step.fill({})));
  if (!pin.rules.select.empty()) files_->forget();
}

/// All steps but the last must succeed; answers the last one, or the first that did not.
apdu::Response Pins::run(const Pin& pin, const Procedure& procedure, const TemplateFields& fields) {
  TemplateFields all = fields;
  const Bytes reference{pin.rules.reference};
  all["ref"] = reference;
  select(pin);
  apdu::Response answer;
  for (const CommandTemplate& step : procedure.steps) {
    answer = card_->send(step.fill(all));
    if (!answer.ok()) break;
  }
  return answer;
}

void Pins::judge(PinRole role, const Pin& pin, const apdu::Response& answer, const char* what) {
  Remembered& known = remembered_[role];
  known = {};
  if (answer.ok()) {
    known.asked = pin.rules.tries.has_value();  // then the counter is full again
    known.tries_left = pin.rules.tries;
    return;
  }
  known.asked = true;
  known.tries_left = answer.sw.tries_left();
  known.blocked = answer.sw == sw::kAuthenticationBlocked || known.tries_left == 0U;
  if (known.tries_left) throw WrongPin(known.tries_left);
  if (answer.sw == sw::kAuthenticationFailed) throw WrongPin(std::nullopt);
  if (answer.sw == sw::kWrongLength || answer.sw == sw::kIncorrectData)
    throw PinLength("the token does not take a PIN of this form");
  if (answer.sw == sw::kReferenceDataNotUsable) {
    known.blocked = true;
    throw PinBlocked();
  }
  throw_pin_status(what, answer.sw);
}

bool Pins::takes_pad() const {
  const Pin* pin = find(PinRole::kUser);
  return pin != nullptr && card_->connection().has_pad(apdu::PadAction::kVerify) &&
         usable(pin->rules.verify) && pad_command(pin->rules, pin->rules.verify, false);
}

apdu::Response Pins::ask_at_reader(const Pin& pin, const Procedure& procedure, bool two_blocks) {
  const auto command = pad_command(pin.rules, procedure, two_blocks);
  if (!command) throw NotSupported(two_blocks ? kNoChangeAtPad : kNoPad);
  if (two_blocks && !card_->connection().has_pad(apdu::PadAction::kModify))
    throw NotSupported(kNoChangeAtPad);
  select(pin);
  return two_blocks ? apdu::modify_at_pad(*card_, command->header, command->format)
                    : apdu::verify_at_pad(*card_, command->header, command->format);
}

void Pins::verify(PinRole role, const PinInput& pin) {
  if (role == PinRole::kSo && so_ == std::nullopt) {
    if (const std::string why = why_no_unblock(); !why.empty()) throw NotSupported(why);
    static_cast<void>(pin_block(puk_format(), pin.typed()));
    held_puk_ = pin.typed().clone();
    return;
  }
  const Pin& known = need(role);
  if (const std::string why = why_not(known.rules.verify, "log in"); !why.empty())
    throw NotSupported(why);
  if (pin.is_at_reader())
    return judge(role, known, ask_at_reader(known, known.rules.verify, false), "VERIFY");
  const SecureBytes block = pin_block(known.rules.format, pin.typed());
  judge(role, known, run(known, known.rules.verify, {{"pin", block.view()}}), "VERIFY");
}

void Pins::change(PinRole role, const PinInput& old_pin, const PinInput& new_pin) {
  const Pin& known = need(role);
  if (!known.may_change) throw NotSupported("the card says that this PIN cannot be changed");
  if (const std::string why = why_not(known.rules.change, "change the PIN"); !why.empty())
    throw NotSupported(why);
  const char* const what = "CHANGE REFERENCE DATA";
  if (new_pin.is_at_reader())
    return judge(role, known, ask_at_reader(known, known.rules.change, true), what);
  // Both are checked before the old one's try is at stake.
  const SecureBytes fresh = pin_block(known.rules.format, new_pin.typed());
  const SecureBytes old = pin_block(known.rules.format, old_pin.typed());
  judge(role, known, run(known, known.rules.change, {{"old", old.view()}, {"new", fresh.view()}}),
        what);
}

PinFormat Pins::puk_format() const {
  PinFormat format = puk_.value_or(user_ ? user_->rules.format : PinFormat{});
  // Nobody says how long the code is where the directory does not: let the card judge.
  if (!puk_) format.max = std::max(format.max, format.stored);
  return format;
}

void Pins::set_user_pin(const SecureBytes& new_pin) {
  if (const std::string why = why_no_unblock(); !why.empty()) throw NotSupported(why);
  const SecureBytes puk = std::move(held_puk_);  // for one command only, whatever becomes of it
  held_puk_ = {};
  const bool needs_puk = std::ranges::any_of(
      user_->rules.unblock.steps, [](const CommandTemplate& step) { return step.names("puk"); });
  if (needs_puk && puk.empty()) throw NotLoggedIn();
  const SecureBytes fresh = pin_block(user_->rules.format, new_pin);
  const SecureBytes code = needs_puk ? pin_block(puk_format(), puk) : SecureBytes();
  const apdu::Response answer =
      run(*user_, user_->rules.unblock, {{"puk", code.view()}, {"new", fresh.view()}});
  remembered_.erase(PinRole::kUser);
  judge(PinRole::kSo, *user_, answer, "RESET RETRY COUNTER");
}

PinStatus Pins::status(PinRole role) {
  PinStatus status;
  const Pin* pin = find(role);
  if (pin == nullptr) {
    status.initialized = false;
    status.verifiable = role == PinRole::kUser || !why_no_unblock().empty();
    return status;
  }
  if (role == PinRole::kUser) status.label = user_label_;
  status.min_length = pin->rules.format.min;
  status.max_length = pin->rules.format.max;
  status.tries_max = pin->rules.tries;
  Remembered& known = remembered_[role];
  if (!known.asked && usable(pin->rules.status)) {
    known.asked = true;
    const auto answer = run(*pin, pin->rules.status, {});
    known.tries_left = answer.sw.tries_left();
    known.blocked = answer.sw == sw::kAuthenticationBlocked || known.tries_left == 0U;
  }
  status.blocked = known.blocked;
  status.tries_left = known.blocked ? 0 : known.tries_left;
  return status;
}

// What a comparison has shown stays where nothing else shows it.
void Pins::forget_status() noexcept {
  for (auto& [role, known] : remembered_)
    if (const Pin* pin = find(role); pin != nullptr && usable(pin->rules.status))
      known.asked = false;
}

void Pins::logout() {
  held_puk_ = {};
  const Procedure& logout = profile_.commands.logout;
  if (usable(logout)) {
    const Byte reference = user_ ? user_->rules.reference : Byte{0};
    const Bytes ref{reference};
    const bool done = log_out_by(*card_, [&] {
      for (const CommandTemplate& step : logout.steps)
        expect_ok("logout", card_->send(step.fill({{"ref", ref}})));
    });
    if (!done) files_->forget();
    return;
  }
  // No command is known that closes the security state of just any card; a reset does.
  card_->connection().reset();
  files_->forget();
}

void Pins::forget() noexcept {
  held_puk_ = {};
  remembered_.clear();
}

}  // namespace kilt::iso7816
