#include "drivers/cache_file.h"

#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "drivers/json_text.h"

namespace kilt::cache {
namespace {

using nlohmann::json;

constexpr unsigned kVersion = 2;

/// Takes the file piece by piece (drivers/json_text.h says why no tree is made). Each function
/// answers whether to go on.
class Reader : public nlohmann::json_sax<json> {
 public:
  [[nodiscard]] bool complete() const noexcept { return version_ == kVersion && files_; }
  CacheFile take() { return std::move(file_); }

  bool start_object(std::size_t /*elements*/) override {
    ++depth_;
    files_ = depth_ == 2 && key_ == "files";
    return depth_ == 1 || files_;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ == 2) {
      file_.files.insert_or_assign(from_hex(key_), from_hex(value));
      return true;
    }
    if (key_ == "family")
      file_.family = std::move(value);
    else if (key_ == "serial")
      file_.serial = std::move(value);
    else if (key_ == "mark")
      file_.mark = std::move(value);
    else
      return false;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    version_ = value;
    return depth_ == 1 && key_ == "version";
  }

  // What such a file does not have.
  bool null() override { return false; }
  bool boolean(bool /*value*/) override { return false; }
  bool number_integer(number_integer_t /*value*/) override { return false; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return false; }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_array(std::size_t /*elements*/) override { return false; }
  bool end_array() override { return false; }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const json::exception& /*error*/) override {
    return false;
  }

 private:
  unsigned depth_ = 0;
  bool files_ = false;
  number_unsigned_t version_ = 0;
  std::string key_;
  CacheFile file_;
};

}  // namespace

std::optional<CacheFile> parse_cache_file(std::string_view text) try {
  Reader reader;
  if (!json::sax_parse(text, &reader) || !reader.complete()) return std::nullopt;
  return reader.take();
} catch (const std::invalid_argument&) {
  return std::nullopt;  // not hexadecimal
}

std::string cache_file_text(const CacheKey& key, const Files& files) {
  std::vector<std::string> members;
  for (const auto& [name, contents] : files)
    members.push_back(fmt::format(R"("{}": "{}")", to_hex(name), to_hex(contents)));
  return fmt::format(
      "{{\"version\": {}, \"family\": {}, \"serial\": \"{}\", \"mark\": {}, \"files\": "
      "{{\n{}\n}}}}",
      kVersion, json_string(key.family), to_hex(key.serial), json_string(key.mark),
      fmt::join(members, ",\n"));
}

}  // namespace kilt::cache
