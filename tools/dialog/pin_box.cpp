#include "tools/dialog/pin_box.h"

#include <algorithm>
#include <cstring>

#include <gdkmm/device.h>
#include <gdkmm/display.h>
#include <gdkmm/seat.h>

#include "tools/dialog/channel.h"
#include "tools/dialog/pin_entry.h"
#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

/// GTK's own memory, which it wipes; no copy is made of it.
const char* typed(GtkEditable* text) { return gtk_editable_get_text(text); }

std::string tries_text(const Json& pin) {
  if (pin.value("locked", false)) return tr("The PIN is blocked. `kilt pin unblock` helps.");
  if (pin.value("last_try", false))
    return tr("This is the last try. If the PIN is wrong, the token is blocked.");
  const auto left = pin.find("tries_left");
  if (left != pin.end() && left->is_number_unsigned())
    return tool::trn("{0} try is left.", "{0} tries are left.", left->get<unsigned long>());
  return {};
}

}  // namespace

PinBox::PinBox()
    : Gtk::Box(Gtk::Orientation::VERTICAL, 4),
      entry_(make_pin_entry()),
      text_(editable_of(*entry_)) {
  lay_out(question_);
  for (Gtk::Label* label : {&state_, &warning_}) lay_out(*label, true);
  question_.set_mnemonic_widget(*entry_);
  warning_.add_css_class("warning");
  append(question_);
  append(*entry_);
  append(state_);
  append(warning_);
  // gtkmm 4.8 knows neither signal of a GtkText.
  g_signal_connect_data(text_, "activate", reinterpret_cast<GCallback>(&PinBox::entered),  // NOLINT
                        this, nullptr, static_cast<GConnectFlags>(0));
  g_signal_connect_data(text_, "changed", reinterpret_cast<GCallback>(&PinBox::changed),  // NOLINT
                        this, nullptr, static_cast<GConnectFlags>(0));
  if (const auto seat = get_display()->get_default_seat(); seat && seat->get_keyboard())
    seat->get_keyboard()->property_caps_lock_state().signal_changed().connect(
        sigc::mem_fun(*this, &PinBox::look));
}

void PinBox::show(const Json& pin, bool file) {
  question_.set_text_with_mnemonic(file ? tr("_Password") : tr("_PIN"));
  std::string state = tries_text(pin);
  if (pin.value("factory", false))
    state +=
        (state.empty() ? "" : "\n") +
        tr("The PIN is still the factory's, which everybody knows. Change it: kilt pin change");
  state_.set_text(state);
  state_.set_visible(!state.empty());
  entry_->set_sensitive(!pin.value("locked", false));
  look();
}

void PinBox::explain(const std::string& refusal) {
  refusal_ = refusal;
  describe();
}

/// A PIN that was typed with Caps Lock or another layout is a try lost: it is seen before it is
/// sent.
std::string PinBox::warning() const {
  const char* text = typed(text_);
  const std::size_t size = std::strlen(text);
  if (std::any_of(text, text + size, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return tr("These are not Latin letters: look at the keyboard layout.");
  const auto seat = get_display()->get_default_seat();
  if (seat && seat->get_keyboard() && seat->get_keyboard()->property_caps_lock_state().get_value())
    return tr("Caps Lock is on.");
  return {};
}

void PinBox::look() {
  const std::string text = warning();
  warning_.set_text(text);
  warning_.set_visible(!text.empty());
  describe();
}

void PinBox::describe() {
  std::string all;
  for (const std::string& part :
       {refusal_, std::string(state_.get_text()), std::string(warning_.get_text())})
    if (!part.empty()) all += (all.empty() ? "" : " ") + part;
  std::ranges::replace(all, '\n', ' ');
  // Said again only when it is new.
  if (all == described_) return;
  described_ = all;
  describe_for_readers(*entry_, all);
}

void PinBox::entered(GtkEditable* /*text*/, gpointer self) {
  static_cast<PinBox*>(self)->enter_.emit();
}

void PinBox::changed(GtkEditable* /*text*/, gpointer self) {
  static_cast<PinBox*>(self)->look();
  static_cast<PinBox*>(self)->typed_.emit();
}

bool PinBox::empty() const { return *typed(text_) == '\0'; }

bool PinBox::send() {
  if (empty()) return false;
  const bool sent = Channel::send_pin(typed(text_));
  gtk_editable_set_text(text_, "");
  return sent;
}

}  // namespace kilt::dialog
