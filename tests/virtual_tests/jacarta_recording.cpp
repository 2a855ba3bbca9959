#include "tests/virtual_tests/jacarta_recording.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/paths.h"
#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(kilt::test::paths::data()) / "jacarta";

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string rest(const std::vector<std::string>& words, std::size_t from) {
  std::string text;
  for (; from < words.size(); ++from) text += words[from];
  return text;
}

std::uint16_t id_of(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoul(text, nullptr, 16));
}

/// The file at a path, made with its content unknown if it is not there.
File& at_path(Laser& card, const std::string& path) {
  File* at = &card.master();
  std::istringstream parts(path);
  std::string part;
  std::getline(parts, part, '/');
  while (std::getline(parts, part, '/')) {
    File* next = at->child(id_of(part));
    if (next == nullptr) {
      auto file = std::make_unique<File>();
      file->id = id_of(part);
      next = at->add(std::move(file));
    }
    at = next;
  }
  return *at;
}

void put_file(Laser& card, const std::vector<std::string>& words) {
  File& file = at_path(card, words.at(1));
  file.type = Type::kEf;
  if (words.at(2) != "-") file.access = unhex(words.at(2));
  if (words.at(3) != "-") file.name = unhex(words.at(3));
  file.body = unhex(words.at(4));
  file.size = static_cast<std::uint16_t>(file.body.size());
}

void put_key(Laser& card, const std::vector<std::string>& words) {
  File& file = at_path(card, words.at(1));
  file.type = Type::kKo;
  file.size = id_of(words.at(2));
  file.properties = unhex(words.at(3));
  file.access = unhex(words.at(4));
  const std::string kind = words.size() > 5 ? words[5] : "";
  if (kind == "public")
    file.rsa = RsaKey{unhex(words.at(6)), unhex(words.at(7)), {}};
  else if (file.is_rsa())
    file.rsa = make_rsa(8U * file.size);
  else
    file.body = kind == "secret" ? unhex(words.at(6)) : random_bytes(file.size);
}

/// Tag 85 of a PIN as the card shows it: counters, and the properties behind them.
void put_properties(File& pin, Bytes shown) {
  pin.tries_left = shown.at(4) >> 4;
  pin.tries_max = shown.at(4) & 0x0F;
  pin.unblocks_left = shown.at(5) >> 4;
  pin.unblocks_max = shown.at(5) & 0x0F;
  shown.erase(shown.begin() + 5);
  pin.properties = std::move(shown);
}

void put(Laser& card, const std::vector<std::string>& words) {
  const std::string& what = words.at(0);
  if (what == "personality" || what == "state" || what == "serial")
    card.set(what, rest(words, 1));
  else if (what == "group")
    card.set("dh-group", words.at(1));
  else if (what == "file")
    put_file(card, words);
  else if (what == "key")
    put_key(card, words);
  else if (what == "pin")
    card.master().child(id_of(words.at(1)))->body = unhex(rest(words, 2));
  else if (what == "access")
    card.master().child(id_of(words.at(1)))->access = unhex(rest(words, 2));
  else if (what == "properties")
    put_properties(*card.master().child(id_of(words.at(1))), unhex(rest(words, 2)));
  else
    throw std::runtime_error("unknown line @ " + what);
}

}  // namespace

Recording read_recording(const std::string& name) {
  std::ifstream file(kFolder / (name + ".txt"));
  if (!file) throw std::runtime_error("there is no recording " + name);
  Recording recording{name, {}, {}};
  for (std::string line; std::getline(file, line);) {
    const auto words = words_of(line);
    if (words.empty() || words[0] == "#") continue;
    auto& exchanges = recording.exchanges;
    if (words[0] == "@") {
      recording.state.emplace_back(words.begin() + 1, words.end());
    } else if (words[0] == ">") {
      exchanges.push_back({unhex(rest(words, 1)), {}, {}, false});
    } else if (exchanges.empty()) {
      throw std::runtime_error(name + ": an answer without a command");
    } else if (words[0] == "<") {
      exchanges.back().answer = unhex(rest(words, 1));
    } else if (words[0] == "=") {
      const bool answered = !exchanges.back().answer.empty();
      if (answered && words.at(3) != "-") exchanges.back().inside = unhex(rest(words, 3));
    } else if (words[0] == "~") {
      if (words.at(1) == "card-sent") exchanges.back().answer_replaced = true;
    } else {
      throw std::runtime_error(name + ": unknown line " + line);
    }
  }
  return recording;
}

std::vector<std::string> recordings(const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = entry.path().stem();
    if (entry.path().extension() == ".txt" && name.starts_with(prefix)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::unique_ptr<Laser> card_of(const Recording& recording) {
  auto card = std::make_unique<Laser>();
  const auto is_of_card = [](const auto& words) {
    return words.at(0) == "personality" || words.at(0) == "state" || words.at(0) == "serial";
  };
  for (const auto& words : recording.state)
    if (is_of_card(words)) put(*card, words);
  if (recording.name.starts_with("hw-"))
    for (const auto& words : read_recording("card").state) put(*card, words);
  for (const auto& words : recording.state)
    if (!is_of_card(words)) put(*card, words);
  // Some recordings begin in the middle of a session.
  static_cast<void>(card->transmit(unhex("00A404000CA0000001644C41534552000100")));
  static_cast<void>(card->transmit(unhex("80A40800043F000020")));
  return card;
}

Bytes replay(Laser& card, const Exchange& exchange) {
  const std::uint8_t ins = exchange.command.at(1);
  const bool wrapped = (exchange.command.at(0) & 0x0C) != 0;
  const bool draws = (ins == 0x84 && (!wrapped || exchange.inside)) ||
                     (ins == 0x86 && exchange.command.at(2) == 0x00);
  if (draws && exchange.answer.size() > 2 && !exchange.answer_replaced) {
    const Bytes value = exchange.inside ? *exchange.inside
                                        : Bytes(exchange.answer.begin(), exchange.answer.end() - 2);
    card.set("random", hex(value));
  }
  return card.transmit(exchange.command);
}

}  // namespace kilt::vtoken::jacarta
