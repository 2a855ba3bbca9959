// Small helpers for labels and screen readers.
#pragma once

#include <string>

#include <gtkmm/button.h>
#include <gtkmm/label.h>
#include <gtkmm/listbox.h>
#include <gtkmm/widget.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

/// A label that wraps, starts at the left and cannot be selected. `style`: a CSS class.
Gtk::Label* make_label(const std::string& text, const char* style = nullptr);

/// Such a label's manner, for one that is there. `alert`: a screen reader says by itself what
/// appears in it; before it is shown first.
void lay_out(Gtk::Label& label, bool alert = false);

/// The button's text, with an underscore before the letter that works with Alt, and its name.
void label_button(Gtk::Button& button, const std::string& text);

/// The name that a screen reader says, and nothing beside it.
void name_for_readers(Gtk::Widget& widget, const std::string& name);

/// What a screen reader says after the name; said at once if it changes while the focus is there.
void describe_for_readers(Gtk::Widget& widget, const std::string& description);

/// Tab leads to the chosen row and on, the arrows to the others: a list chooses what has its focus,
/// and GTK leads Tab through all of its rows.
void one_stop_for_tab(Gtk::ListBox& list);

/// A member that is a string; else empty.
std::string text_of(const nlohmann::ordered_json& object, const char* key);
/// The same for words of the bridge's, in the language of the dialogue if it knows them.
std::string words_of(const nlohmann::ordered_json& object, const char* key);

}  // namespace kilt::dialog
