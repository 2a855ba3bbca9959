// The keys of a storage: whose, for what, until when; those that do not fit are grey, with the
// reason.
#pragma once

#include <string>

#include <gtkmm/listbox.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

class Keys : public Gtk::ListBox {
 public:
  Keys();
  /// Fills it from a storage of a message; `last` is chosen if it fits, else the first that does.
  void show(const nlohmann::ordered_json& storage, const std::string& last);
  /// The chosen key's id; empty: none.
  [[nodiscard]] std::string chosen() const;
  /// To the chosen row; false: there is none.
  bool focus();

 private:
  std::vector<std::string> ids_;
};

}  // namespace kilt::dialog
