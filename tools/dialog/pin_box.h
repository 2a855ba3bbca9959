// PIN entry: GTK's secure buffer, tries left, warnings of Caps Lock, of another alphabet, of a
// factory PIN. What is said beside the entry is its description for screen readers.
#pragma once

#include <string>

#include <gtkmm/box.h>
#include <gtkmm/label.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

class PinBox : public Gtk::Box {
 public:
  PinBox();
  /// What is known of the PIN: the member "pin" of a storage. `file`: it is a file's password.
  void show(const nlohmann::ordered_json& pin, bool file);
  /// To the bridge; the entry is empty afterwards. false: nothing was typed, or too much.
  bool send();
  /// Why it is asked again; empty: it is not. Shown by others.
  void explain(const std::string& refusal);
  /// To the entry; false: it takes no PIN now.
  bool focus() { return entry_->grab_focus(); }
  [[nodiscard]] bool empty() const;
  /// Enter was pressed.
  sigc::signal<void()>& signal_enter() { return enter_; }
  sigc::signal<void()>& signal_typed() { return typed_; }

 private:
  void look();
  void describe();
  [[nodiscard]] std::string warning() const;
  static void entered(GtkEditable* text, gpointer self);
  static void changed(GtkEditable* text, gpointer self);
  Gtk::Label question_, state_, warning_;
  Gtk::Widget* entry_;
  GtkEditable* text_;
  std::string refusal_, described_;
  sigc::signal<void()> enter_, typed_;
};

}  // namespace kilt::dialog
