#include "tests/drivers/jacarta/recordings.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/paths.h"

namespace kilt::jacarta::test {
namespace {

namespace fs = std::filesystem;

fs::path folder() { return fs::path(kilt::test::paths::data()) / "jacarta"; }

std::string rest_of(std::istringstream& words) {
  std::string rest;
  std::getline(words, rest);
  return rest;
}

Recording read(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no recording " + path.string());
  Recording recording;
  recording.name = path.stem().string();
  Message* last = nullptr;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string mark, word;
    words >> mark;
    if (mark == ">") {
      last = &recording.exchanges.emplace_back().command;
      last->bytes = from_hex(rest_of(words));
    } else if (mark == "<") {
      last = &recording.exchanges.back().answer;
      last->bytes = from_hex(rest_of(words));
    } else if (mark == "=" && last != nullptr) {
      std::string counter;
      words >> counter >> word;
      if (counter != "-") last->counter = static_cast<unsigned>(std::stoul(counter));
      last->mac_good = word == "good";
      word = rest_of(words);
      last->plain = word.find('-') != std::string::npos ? Bytes{} : from_hex(word);
    } else if (mark == "~" && words >> word && word == "host-saw" && last != nullptr) {
      last->host_saw = from_hex(rest_of(words));
    } else if (mark == "@" && words >> word && word == "file") {
      std::string where, access, name, content;
      words >> where >> access >> name >> content;
      recording.files[where] = from_hex(content);
    }
  }
  return recording;
}

struct Follower {
  std::string selected;
  std::map<std::string, Bytes> contents;
  std::map<std::string, bool> whole;
  Bytes chain;

  void put(std::size_t offset, BytesView data) {
    Bytes& file = contents[selected];
    if (file.size() < offset + data.size()) file.resize(offset + data.size(), 0x00);
    std::ranges::copy(data, file.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  /// Answers true when the selected file is complete now.
  bool follow(const Exchange& exchange) {
    const Bytes& command = exchange.command.bytes;
    if (command.size() < 5 || exchange.answer.bytes.size() < 2) return false;
    const BytesView body =
        BytesView(command).subspan(5, std::min<std::size_t>(command[4], command.size() - 5));
    const std::size_t offset = static_cast<std::size_t>(command[2]) << 8 | command[3];
    switch (command[1]) {
      case 0xA4:
        if (command[0] == 0x80 && command[2] == 0x08) selected = to_hex(body);
        contents.erase(selected);
        return false;
      case 0xB0: {
        if (exchange.answer.bytes.size() == 2) return false;
        put(offset, exchange.data());
        return exchange.ok() && contents[selected].size() > 11;
      }
      case 0xD6:
        put(offset, body);
        return contents[selected].size() > 11;
      case 0x32:
        append(chain, body);
        if ((command[0] & 0x10) != 0) return false;
        contents[selected] = Bytes(chain.begin() + 8, chain.end());
        chain.clear();
        return true;
      default:
        return false;
    }
  }
};

}  // namespace

bool Exchange::ok() const {
  const Bytes& bytes = answer.bytes;
  return bytes.size() >= 2 && bytes[bytes.size() - 2] == 0x90 && bytes.back() == 0x00;
}

BytesView Exchange::data() const {
  const BytesView bytes = answer.bytes;
  return bytes.size() < 2 ? BytesView{} : bytes.first(bytes.size() - 2);
}

std::vector<Recording> recordings(const std::string& prefix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder()))
    if (entry.path().extension() == ".txt" && entry.path().filename().string().starts_with(prefix))
      paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<Recording> found;
  for (const fs::path& path : paths) found.push_back(read(path));
  return found;
}

Recording recording(const std::string& name) { return read(folder() / (name + ".txt")); }

std::vector<SeenFile> files_in(const Recording& recording) {
  std::vector<SeenFile> files;
  for (const auto& [path, contents] : recording.files)
    files.push_back({recording.name, path, contents});
  Follower follower;
  for (const Exchange& exchange : recording.exchanges)
    if (follower.follow(exchange))
      files.push_back({recording.name, follower.selected, follower.contents[follower.selected]});
  return files;
}

Bytes Vector::bytes(const std::string& key) const { return from_hex(text.at(key)); }

std::vector<Vector> vectors(const std::string& name) {
  std::ifstream file(folder() / "vectors.txt");
  std::vector<Vector> found;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != name) continue;
    Vector& vector = found.emplace_back();
    while (words >> word)
      vector.text[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  return found;
}

}  // namespace kilt::jacarta::test
