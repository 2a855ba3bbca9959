// What is to be signed: how many, of which kind and size, their digests, and a preview of text.
#pragma once

#include <gtkmm/box.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

class Documents : public Gtk::Box {
 public:
  /// From a "request" message.
  explicit Documents(const nlohmann::ordered_json& request);
};

/// "52 bytes", "1.5 MB"
std::string size_text(std::size_t size);

}  // namespace kilt::dialog
