#include "tools/dialog/storage_list.h"

#include <fmt/format.h>

#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using Json = nlohmann::ordered_json;

std::string storage_text(const Json& storage) {
  const std::string label = text_of(storage, "label");
  const std::string serial = text_of(storage, "serial");
  return label.empty() ? serial : fmt::format("{} ({})", label, serial);
}

}  // namespace

StorageList::StorageList() {
  set_selection_mode(Gtk::SelectionMode::BROWSE);
  name_for_readers(*this, tool::tr("Storage"));
  one_stop_for_tab(*this);
  signal_selected_rows_changed().connect([this] {
    if (!filling_) chosen_.emit();
  });
}

void StorageList::show(const Json& storages, const std::string& last) {
  const int before = chosen();
  const std::string wanted = before < 0 ? last : ids_[static_cast<std::size_t>(before)];
  const bool had_focus = get_focus_child() != nullptr;
  filling_ = true;
  while (auto* row = get_row_at_index(0)) remove(*row);
  ids_.clear();
  Gtk::ListBoxRow* chosen = nullptr;
  for (const Json& storage : storages) {
    const std::string text = storage_text(storage);
    auto* label = make_label(text);
    label->set_margin(6);
    auto* row = Gtk::make_managed<Gtk::ListBoxRow>();
    row->set_child(*label);
    name_for_readers(*row, text);
    append(*row);
    ids_.push_back(text_of(storage, "id"));
    if (chosen == nullptr || ids_.back() == wanted) chosen = row;
  }
  if (chosen != nullptr) {
    select_row(*chosen);
    if (had_focus) chosen->grab_focus();
  }
  filling_ = false;
  chosen_.emit();
}

int StorageList::chosen() const {
  const auto* row = get_selected_row();
  const int index = row == nullptr ? -1 : row->get_index();
  return index >= 0 && static_cast<std::size_t>(index) < ids_.size() ? index : -1;
}

}  // namespace kilt::dialog
