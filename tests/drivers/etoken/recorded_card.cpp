#include "tests/drivers/etoken/recorded_card.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/paths.h"

namespace kilt::test {
namespace {

std::ifstream open_data(const std::string& name) {
  std::ifstream file(std::string(kilt::test::paths::data()) + "/" + name);
  if (!file) throw std::runtime_error("no test data " + name);
  return file;
}

/// Path of a SELECT by path, nothing for any other command.
std::optional<Bytes> selected_path(BytesView command) {
  const bool is_select =
      command.size() > 5 && command[0] == 0x00 && command[1] == 0xA4 && command[2] == 0x08;
  if (!is_select) return std::nullopt;
  return to_bytes(command.subspan(5, std::min<std::size_t>(command[4], command.size() - 5)));
}

/// 80 18 00 00 04 0E 02 offset Le
std::optional<std::pair<std::size_t, std::size_t>> read_range(BytesView command) {
  if (command.size() != 10 || command[0] != 0x80 || command[1] != 0x18) return std::nullopt;
  const std::size_t size = command[9] == 0 ? 256 : command[9];
  return std::pair{std::size_t{read_be(command.subspan(7, 2))}, size};
}

Bytes status(std::uint16_t sw) { return write_be(sw, 2); }

}  // namespace

std::vector<Exchange> read_recording(const std::string& name) {
  std::vector<Exchange> recording;
  auto file = open_data(name);
  for (std::string line; std::getline(file, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    if (line.starts_with("> ")) recording.push_back({from_hex(line.substr(2)), {}});
    if (line.starts_with("< ") && !recording.empty())
      recording.back().answer = from_hex(line.substr(2));
  }
  return recording;
}

std::vector<std::map<std::string, std::string>> read_vectors(const std::string& name,
                                                             const std::string& first) {
  std::vector<std::map<std::string, std::string>> vectors;
  auto file = open_data(name);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(first)) continue;
    auto& vector = vectors.emplace_back();
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (const auto at = word.find('='); at != std::string::npos)
        vector[word.substr(0, at)] = word.substr(at + 1);
  }
  return vectors;
}

RecordedCard::RecordedCard(const std::vector<Exchange>& recording) {
  File* file = nullptr;
  for (const auto& [command, answer] : recording) {
    const bool ok = answer.size() >= 2 && answer[answer.size() - 2] == 0x90;
    const Bytes data(answer.begin(), answer.end() - 2);
    const bool login = command[1] == 0x11 || command[1] == 0x17;  // in any directory
    if (const auto path = selected_path(command)) {
      file = ok ? &files_[*path] : nullptr;
      if (file != nullptr) file->fci = data;
    } else if (const auto range = read_range(command); range && file != nullptr) {
      if (file->contents.size() < range->first + data.size())
        file->contents.resize(range->first + data.size());
      std::ranges::copy(data, file->contents.begin() + static_cast<std::ptrdiff_t>(range->first));
    } else if (command[0] == 0x80 && file != nullptr && !login) {
      file->answers[command] = answer;
    } else {
      others_[command] = answer;
    }
  }
}

Bytes RecordedCard::atr() const { return from_hex("3B D5 18 00 81 31 FE 7D 80 73 C8 21 10 F4"); }

Bytes RecordedCard::transmit(BytesView raw) {
  const Bytes command = to_bytes(raw);
  commands_.push_back(command);
  const Bytes applet = from_hex("00 A4 04 00 07 A0 00 00 03 12 02 02 00");
  if (command == applet) return from_hex("6F 10 84 07 A0000003120202 A5 05 9F65 02 0212 90 00");
  if (const auto path = selected_path(command)) {
    const auto file = files_.find(*path);
    selected_.reset();
    if (file == files_.end()) return status(0x6A82);
    selected_ = *path;
    Bytes answer = file->second.fci;
    append(answer, status(0x9000));
    return answer;
  }
  if (const auto range = read_range(command)) {
    if (!selected_) return status(0x6986);
    const BytesView contents = files_.at(*selected_).contents;
    if (range->first > contents.size()) return status(0x6B00);
    const BytesView rest = contents.subspan(range->first);
    Bytes answer = to_bytes(rest.first(std::min(range->second, rest.size())));
    append(answer, status(0x9000));
    return answer;
  }
  if (selected_) {
    const auto& answers = files_.at(*selected_).answers;
    if (const auto known = answers.find(command); known != answers.end()) return known->second;
  }
  const auto known = others_.find(command);
  return known == others_.end() ? status(0x6D00) : known->second;
}

}  // namespace kilt::test
