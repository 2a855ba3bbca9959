#include "tools/dialog/keys.h"

#include <algorithm>

#include <gtkmm/box.h>

#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

std::string purpose_text(const std::string& purpose) {
  if (purpose == "auth") return tr("log-in");
  if (purpose == "sign") return tr("signature");
  if (purpose == "both") return tr("log-in and signature");
  return tr("another purpose");
}

std::string owner_text(const Json& key) {
  std::string text = text_of(key, "owner");
  if (const std::string organisation = text_of(key, "organisation"); !organisation.empty())
    text += "\n" + organisation;
  return text;
}

std::string numbers_text(const Json& key) {
  std::string text;
  if (const std::string iin = text_of(key, "iin"); !iin.empty()) text += tr("IIN {0}", iin);
  if (const std::string bin = text_of(key, "bin"); !bin.empty())
    text += (text.empty() ? "" : ", ") + tr("BIN {0}", bin);
  return text;
}

/// All that stands in a key's row, for a screen reader.
std::string row_name(const Json& key, const std::string& line, const std::string& reason) {
  std::string name = owner_text(key);
  std::ranges::replace(name, '\n', ' ');
  for (const std::string& part :
       {numbers_text(key), line, reason.empty() ? reason : tr("Does not fit: {0}", reason)})
    if (!part.empty()) name += ", " + part;
  return name;
}

}  // namespace

Keys::Keys() {
  set_selection_mode(Gtk::SelectionMode::SINGLE);
  add_css_class("boxed-list");
  name_for_readers(*this, tr("Keys"));
  one_stop_for_tab(*this);
}

void Keys::show(const Json& storage, const std::string& last) {
  const bool had_focus = get_focus_child() != nullptr;
  while (auto* row = get_row_at_index(0)) remove(*row);
  ids_.clear();
  Gtk::ListBoxRow* first = nullptr;
  Gtk::ListBoxRow* remembered = nullptr;
  for (const Json& key : storage["keys"]) {
    auto* box = Gtk::make_managed<Gtk::Box>(Gtk::Orientation::VERTICAL, 2);
    box->set_margin(6);
    box->append(*make_label(owner_text(key), "owner"));
    if (const std::string numbers = numbers_text(key); !numbers.empty())
      box->append(*make_label(numbers, "dim-label"));
    const std::string line = tr("{0}, {1}, valid until {2}", purpose_text(text_of(key, "purpose")),
                                text_of(key, "algorithm"), text_of(key, "not_after"));
    box->append(*make_label(line, "dim-label"));
    const std::string reason = words_of(key, "reason");
    if (!reason.empty()) box->append(*make_label(tr("Does not fit: {0}", reason), "reason"));
    auto* row = Gtk::make_managed<Gtk::ListBoxRow>();
    row->set_child(*box);
    name_for_readers(*row, row_name(key, line, reason));
    append(*row);
    ids_.push_back(text_of(key, "id"));
    if (!reason.empty()) {
      row->set_sensitive(false);
      continue;
    }
    if (first == nullptr) first = row;
    if (ids_.back() == last) remembered = row;
  }
  if (auto* row = remembered != nullptr ? remembered : first; row != nullptr) select_row(*row);
  if (had_focus) focus();
}

bool Keys::focus() {
  auto* row = get_selected_row();
  return row != nullptr && row->grab_focus();
}

std::string Keys::chosen() const {
  const auto* row = get_selected_row();
  const int index = row == nullptr ? -1 : row->get_index();
  return index >= 0 && static_cast<std::size_t>(index) < ids_.size()
             ? ids_[static_cast<std::size_t>(index)]
             : std::string();
}

}  // namespace kilt::dialog
