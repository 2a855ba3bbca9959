// The tokens and files that may sign: one row each, one of them chosen.
#pragma once

#include <string>
#include <vector>

#include <gtkmm/listbox.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

/// Rows and no drop-down: what a drop-down of GTK 4.8 shows has no name for a screen reader.
class StorageList : public Gtk::ListBox {
 public:
  StorageList();
  /// Fills it from a message's list. What was chosen stays chosen if it is still there, else
  /// `last` is, else the first.
  void show(const nlohmann::ordered_json& storages, const std::string& last);
  /// The number of the chosen one in that list; -1: none.
  [[nodiscard]] int chosen() const;
  /// Another one is chosen, or the list was filled.
  sigc::signal<void()>& signal_chosen() { return chosen_; }

 private:
  std::vector<std::string> ids_;
  bool filling_ = false;
  sigc::signal<void()> chosen_;
};

}  // namespace kilt::dialog
