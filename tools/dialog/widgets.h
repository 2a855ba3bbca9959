// Small helpers for labels and screen readers.
#pragma once

#include <string>

#include <gtkmm/label.h>
#include <gtkmm/widget.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

/// A label that wraps, starts at the left and cannot be selected. `style`: a CSS class.
Gtk::Label* make_label(const std::string& text, const char* style = nullptr);

/// The name that a screen reader says.
void name_for_readers(Gtk::Widget& widget, const std::string& name);

/// A member that is a string; else empty.
std::string text_of(const nlohmann::ordered_json& object, const char* key);

}  // namespace kilt::dialog
