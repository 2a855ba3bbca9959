#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

/// Tokens of the CA that libccid does not list, though they are CCID devices.
constexpr const char* kKaztoken = "0a89:0035";
constexpr const char* kSmartCardClass = "0b";
constexpr std::size_t kMaxPlist = std::size_t{1} << 20U;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string text_of(const fs::path& path) {
  std::error_code error;
  if (fs::file_size(path, error) > kMaxPlist || error) return {};
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// The <string>s of the array after <key>NAME</key>.
std::vector<std::string> array_of(const std::string& plist, const std::string& name) {
  const auto key = plist.find("<key>" + name + "</key>");
  if (key == std::string::npos) return {};
  const auto end = plist.find("</array>", key);
  std::vector<std::string> values;
  for (auto at = plist.find("<string>", key); at < end; at = plist.find("<string>", at)) {
    at += 8;
    const auto close = plist.find("</string>", at);
    if (close == std::string::npos) break;
    values.push_back(plist.substr(at, close - at));
  }
  return values;
}

std::string lower_hex(std::string text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.erase(0, 2);
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
  });
  return text;
}

struct Device {
  std::string id, name;
  bool smart_card = false;
};

std::vector<Device> devices(const Surroundings& around) {
  std::vector<Device> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(around.at("/sys/bus/usb/devices"), error)) {
    const std::string vendor = first_line(entry.path() / "idVendor");
    if (vendor.empty()) continue;
    Device device{lower_hex(vendor) + ':' + lower_hex(first_line(entry.path() / "idProduct")),
                  clean(first_line(entry.path() / "product")), false};
    for (const auto& interface : fs::directory_iterator(entry.path(), error))
      if (first_line(interface.path() / "bInterfaceClass") == kSmartCardClass)
        device.smart_card = true;
    if (device.id == kKaztoken) device.smart_card = true;
    if (device.smart_card) found.push_back(device);
  }
  return found;
}

}  // namespace

std::vector<std::string> ccid_ids(const std::string& plist) {
  const auto vendors = array_of(plist, "ifdVendorID");
  const auto products = array_of(plist, "ifdProductID");
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < std::min(vendors.size(), products.size()); ++i)
    ids.push_back(lower_hex(vendors[i]) + ':' + lower_hex(products[i]));
  return ids;
}

void check_usb(const Surroundings& around, Checks& checks) {
  std::string plist = text_of(around.at("/etc/libccid_Info.plist"));
  if (plist.empty())
    plist = text_of(around.at("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"));
  const auto known = ccid_ids(plist);
  for (const Device& device : devices(around)) {
    if (std::ranges::find(known, device.id) != known.end()) {
      checks.push_back({"usb",
                        Health::kGood,
                        tr("USB device {0} ({1}) is known to libccid.", device.name, device.id),
                        "",
                        {}});
      continue;
    }
    const bool ours = device.id == kKaztoken;
    checks.push_back({"ccid-id",
                      Health::kProblem,
                      tr("USB device {0} ({1}) is plugged in, but libccid does not list its id.",
                         device.name, device.id),
                      ours ? std::string("sudo kilt-ccid-id add")
                           : tr("sudo kilt-ccid-id add --id {0}, if it is a token", device.id),
                      {}});
  }
}

}  // namespace kilt::tool
