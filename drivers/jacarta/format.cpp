#include "drivers/jacarta/format.h"

#include <array>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "drivers/challenge.h"
#include "drivers/jacarta/format_files.h"
#include "drivers/jacarta/layout.h"
#include "drivers/jacarta/templates.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/status.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kUnsetPinSize = 8;
/// The transport PINs of the applet and their published values.
struct TransportPin {
  FileId object;
  const char* value;
};
constexpr std::array kTransportPins{TransportPin{0x0001, "1234"}, TransportPin{0x0002, "LASER+"}};

void check_pins(const FormatRequest& request) {
  const auto fits = [](const SecureBytes& pin) {
    return pin.size() >= kMinPin && pin.size() <= kMaxPin;
  };
  if (!fits(request.so_pin)) throw PinLength("the SO PIN of this token has 4 to 16 characters");
  if (!request.user_pin.empty() && !fits(request.user_pin))
    throw PinLength("the user PIN of this token has 4 to 16 characters");
}

/// The MF must let new files be made, without a PIN or with a transport PIN.
void open_top_level(Files& files, Pins& pins) {
  const Fcp master = files.fcp({});
  for (const std::size_t index : {directory_rule::kCreate, directory_rule::kCreateDirectory}) {
    const AccessRule rule = master.rule(index).value_or(AccessRule{});
    if (rule.always()) continue;
    bool opened = false;
    for (const TransportPin& transport : kTransportPins)
      if (rule.key_object() == transport.object && !rule.wrapped()) {
        pins.verify_transport(transport.object, to_bytes(transport.value));
        opened = true;
      }
    if (!opened)
      throw NotSupported(fmt::format(
          "the token's top level is closed to new files (rule {:04X}): only its issuer can format "
          "it",
          rule.value));
  }
}

/// True if there is something to erase. A token without SO PIN asks for none.
bool ask_owner(Pins& pins, const FormatRequest& request) {
  try {
    pins.verify(PinRole::kSo, request.so_pin);
    return true;
  } catch (const ObjectNotFound&) {
    return false;
  } catch (const NotLoggedIn&) {
    if (!request.erase_without_so_pin) throw;
  } catch (const WrongPin&) {
    if (!request.erase_without_so_pin) throw;
  } catch (const PinBlocked&) {
    if (!request.erase_without_so_pin) throw;
  }
  throw NotSupported("this token's own rules let nobody but the SO erase it");
}

/// They go on from where they were: a program that remembers the old token's objects by a number
/// that comes again would show them.
std::optional<ChangeCounters> old_counters(Files& files) {
  try {
    return read_counters(files);
  } catch (const ObjectNotFound&) {
    return std::nullopt;
  }
}

void erase(Files& files) {
  for (const auto& [path, directory] : erased_paths()) {
    try {
      files.remove(path, directory);
    } catch (const NotLoggedIn&) {
      throw NotSupported(fmt::format(
          "the token's rules forbid to erase file {:04X}: only its issuer can format it",
          path.back()));
    }
  }
}

void write_files(Files& files, const std::vector<InitialFile>& initial) {
  for (const InitialFile& one : initial) {
    files.create(one.file);
    if (one.contents.empty()) continue;
    files.select(one.file.path);
    files.update(0, one.contents);
  }
}

void write_container_map(Files& files) {
  ContainerMap map =
      ContainerMap::parse(Bytes(ContainerMap::kDefaultRecords * ContainerMap::kRecordSize, 0x00));
  InitialFile file;
  file.contents = container_map_file(map).encode();
  file.file.path = in_directory(kPublicDirectory, kContainerMapFile);
  file.file.size = file.contents.size();
  file.file.name = "cmapfile";
  file.file.rules = container_map_rules();
  write_files(files, {file});
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  gmtime_r(&now, &time);
  return fmt::format("{:%Y%m%d%H%M%S}Z", time);
}

void write_token_info(Files& files, const TokenNames& names, const FormatRequest& request,
                      const std::string& time) {
  constexpr std::uint32_t kLoginRequired = 0x04;
  TokenInfoFile info;
  info.label = request.label;
  info.manufacturer = names.manufacturer;
  info.model = names.model;
  info.serial = to_hex(names.serial);
  info.flags = kLoginRequired | (request.user_pin.empty() ? 0 : TokenInfoFile::kUserPinSet);
  info.hardware_major = info.firmware_major = 1;
  files.select(kTokenInfoPath);
  files.update(0, info.encode(time));
}

}  // namespace

void format(Files& files, Pins& pins, const TokenNames& names, const FormatRequest& request) {
  check_pins(request);
  open_top_level(files, pins);
  const auto counters = old_counters(files);
  if (ask_owner(pins, request)) erase(files);
  pins.forget();
  const SecureBytes user_pin =
      request.user_pin.empty() ? random_pin(files.card(), kUnsetPinSize) : request.user_pin.clone();
  files.create(so_pin_file(request.so_pin));
  files.create(
      user_pin_file(user_pin, request.user_pin.empty() ? PinPolicy::kNotSet : PinPolicy::kFinal));
  for (const NewFile& object : helper_objects()) files.create(object);
  write_files(files, {verification_file()});
  // From here on the rules are in force.
  const std::string time = utc_now();
  auto initial = application_files(names.serial, time.substr(0, 8));
  files.create(initial.front().file);
  initial.erase(initial.begin());
  pins.verify(PinRole::kSo, request.so_pin);
  write_files(files, initial);
  write_container_map(files);
  write_token_info(files, names, request, time);
  if (counters) raise_counters(files, *counters);
  pins.logout();
}

void set_first_user_pin(Files& files, const SecureBytes& pin) {
  files.remove({kUserPinObject});
  files.create(user_pin_file(pin, PinPolicy::kFinal));
  const Bytes info = read_token_info(files);
  files.select(kTokenInfoPath);
  files.update(0, TokenInfoFile::with_user_pin_set(info));
  raise_counters(files, read_counters(files));
}

}  // namespace kilt::jacarta
