#include "tools/dialog/pin_box.h"

#include <algorithm>
#include <cstring>

#include "tools/dialog/channel.h"
#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

/// GTK's own memory, which it wipes; no copy is made of it.
const char* typed(const Gtk::PasswordEntry& entry) {
  return gtk_editable_get_text(
      GTK_EDITABLE(const_cast<GtkPasswordEntry*>(entry.gobj())));  // NOLINT: GTK's macro
}

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

PinBox::PinBox() : Gtk::Box(Gtk::Orientation::VERTICAL, 4) {
  for (Gtk::Label* label : {&question_, &state_, &warning_}) {
    label->set_wrap(true);
    label->set_xalign(0.0F);
    label->set_max_width_chars(62);
  }
  question_.set_mnemonic_widget(entry_);
  entry_.set_show_peek_icon(false);
  warning_.add_css_class("warning");
  append(question_);
  append(entry_);
  append(state_);
  append(warning_);
  // gtkmm 4.8 does not have this signal yet.
  g_signal_connect_data(entry_.gobj(), "activate",
                        reinterpret_cast<GCallback>(&PinBox::entered),  // NOLINT: GLib's type
                        this, nullptr, static_cast<GConnectFlags>(0));
  entry_.property_text().signal_changed().connect([this] { look(); });
}

void PinBox::show(const Json& pin, bool file) {
  const std::string question = file ? tr("_Password") : tr("_PIN");
  question_.set_text_with_mnemonic(question);
  std::string name = question;
  std::erase(name, '_');
  const std::string tries = tries_text(pin);
  name_for_readers(entry_, tries.empty() ? name : name + ". " + tries);
  std::string state = tries;
  if (pin.value("factory", false))
    state +=
        (state.empty() ? "" : "\n") +
        tr("The PIN is still the factory's, which everybody knows. Change it: kilt pin change");
  state_.set_text(state);
  state_.set_visible(!state.empty());
  entry_.set_sensitive(!pin.value("locked", false));
  look();
}

/// A PIN that was typed with another layout is a try lost: it is seen before it is sent.
void PinBox::look() {
  const char* text = typed(entry_);
  const std::size_t size = std::strlen(text);
  const bool other =
      std::any_of(text, text + size, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  warning_.set_text(other ? tr("These are not Latin letters: look at the keyboard layout.") : "");
  warning_.set_visible(other);
  typed_.emit();
}

void PinBox::entered(GtkPasswordEntry* /*entry*/, gpointer self) {
  static_cast<PinBox*>(self)->enter_.emit();
}

bool PinBox::empty() const { return *typed(entry_) == '\0'; }

bool PinBox::send() {
  if (empty()) return false;
  const bool sent = Channel::send_pin(typed(entry_));
  gtk_editable_set_text(GTK_EDITABLE(entry_.gobj()), "");  // NOLINT: GTK's macro
  return sent;
}

}  // namespace kilt::dialog
