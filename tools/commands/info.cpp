// kilt info: everything about one token and the module.
#include <array>

#include "tools/commands/commands.h"
#include "tools/commands/profiles.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct MechanismName {
  CK_MECHANISM_TYPE type;
  const char* name;
};
constexpr std::array kMechanisms{
    MechanismName{CKM_RSA_PKCS_KEY_PAIR_GEN, "RSA key generation"},
    MechanismName{CKM_RSA_PKCS, "RSA PKCS#1 v1.5"},
    MechanismName{CKM_RSA_PKCS_PSS, "RSA-PSS"},
    MechanismName{CKM_RSA_PKCS_OAEP, "RSA-OAEP"},
    MechanismName{CKM_RSA_X_509, "RSA raw"},
    MechanismName{CKM_SHA256_RSA_PKCS, "RSA with SHA-256"},
    MechanismName{CKM_EC_KEY_PAIR_GEN, "EC key generation"},
    MechanismName{CKM_ECDSA, "ECDSA"},
    MechanismName{CKM_ECDH1_DERIVE, "ECDH"},
    MechanismName{CKM_GOSTR3410_KEY_PAIR_GEN, "GOST R 34.10 key generation"},
    MechanismName{CKM_GOSTR3410, "GOST R 34.10"},
    MechanismName{CKM_GOSTR3411, "GOST R 34.11-94"},
};

/// The functions of the status object, in the order in which a user asks for them.
struct FunctionText {
  const char* name;
  const char* text;
};
constexpr std::array kFunctions{
    FunctionText{"sign", N_("Sign")},
    FunctionText{"decrypt", N_("Decrypt")},
    FunctionText{"derive", N_("Agree on keys")},
    FunctionText{"generate-key", N_("Make keys")},
    FunctionText{"import-key", N_("Take keys from files")},
    FunctionText{"write-certificate", N_("Store certificates")},
    FunctionText{"write-data", N_("Store data objects")},
    FunctionText{"change-attributes", N_("Rename objects")},
    FunctionText{"delete-object", N_("Delete objects")},
    FunctionText{"change-user-pin", N_("Change the PIN")},
    FunctionText{"change-so-pin", N_("Change the SO PIN")},
    FunctionText{"unblock-pin", N_("Unblock the PIN")},
    FunctionText{"init-token", N_("Be made new")},
    FunctionText{"random", N_("Random numbers")},
};

std::string size_text(unsigned long bytes) {
  return bytes < 10000 ? fmt::format("{} B", bytes) : fmt::format("{} KiB", bytes / 1024);
}

void show_mechanisms(Context& context, const ChosenToken& token, Json& json) {
  Json list = Json::array();
  Table table({tr("MECHANISM"), tr("BITS")});
  for (const MechanismName& one : kMechanisms) {
    const auto info = context.module().mechanism(token.id(), one.type);
    if (!info) continue;
    list.push_back({{"name", one.name},
                    {"type", one.type},
                    {"min_bits", info->ulMinKeySize},
                    {"max_bits", info->ulMaxKeySize}});
    table.row({one.name, info->ulMaxKeySize == 0
                             ? ""
                             : fmt::format("{}-{}", info->ulMinKeySize, info->ulMaxKeySize)});
  }
  json["mechanisms"] = list;
  context.out().line();
  table.print(context.out());
}

void show_functions(Context& context, const TokenStatus& status) {
  if (status.functions.empty()) return;
  context.out().line();
  context.out().line(context.out().paint(Colour::kBold, tr("What the token can do")));
  for (const FunctionText& function : kFunctions) {
    const auto found = status.functions.find(function.name);
    if (found == status.functions.end()) continue;
    const FunctionAnswer& answer = found->second;
    const bool works = answer.state != "unavailable";
    context.out().field(std::string("  ") + translated(function.text),
                        works
                            ? context.out().paint(Colour::kGood, answer.state == "native"
                                                                     ? tr("yes")
                                                                     : tr("yes, by another module"))
                            : context.out().paint(Colour::kWarn, tr("no")) +
                                  (answer.reason.empty() ? "" : ": " + answer.reason),
                        32);
  }
}

/// A token that is not initialised has something to show, too, if it is the only one.
ChosenToken choose(Context& context) {
  std::vector<SlotView> found = context.slots();
  std::erase_if(found, [](const SlotView& slot) { return !slot.token; });
  if (found.size() == 1) return {std::move(found.front())};
  return context.token();
}

void run(Context& context) {
  const ModuleInfo module = context.module().info();
  Output& out = context.out();
  Json document = context.document();
  document["module"] = {
      {"path", context.module().path().string()},
      {"description", module.description},
      {"manufacturer", module.manufacturer},
      {"version", fmt::format("{}.{}", module.library_major, module.library_minor)},
      {"cryptoki", fmt::format("{}.{}", module.cryptoki_major, module.cryptoki_minor)}};
  out.field(tr("Module"), fmt::format("{} {}.{} ({})", module.description, module.library_major,
                                      module.library_minor, context.module().path().string()));
  const ChosenToken token = choose(context);
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const TokenStatus status = read_status(session, token.token());
  Json json = token_json(token, status);
  out.field(tr("Reader"), token.slot.reader);
  out.field(tr("Token"), token.token().label);
  out.field(tr("Kind"), fmt::format("{} {}", token.token().manufacturer, token.token().model));
  out.field(tr("Serial number"), token.token().serial);
  const std::string firmware = status.firmware.empty() ? token.token().firmware : status.firmware;
  out.field(tr("Firmware"), firmware);
  json["firmware"] = firmware;
  json["family"] = status.family;
  json["profile"] = status.profile;
  if (status.memory_total && status.memory_free) {
    out.field(tr("Memory"), tr("{0} of {1} free", size_text(*status.memory_free),
                               size_text(*status.memory_total)));
    json["memory"] = {{"total", *status.memory_total}, {"free", *status.memory_free}};
  }
  if (const std::string storage = storage_oid_of(token.token(), status); !storage.empty())
    out.field(tr("Key storage"), fmt::format("{} ({})", oid_name(storage), storage));
  out.field(tr("PIN length"),
            tr("{0} to {1} characters", token.token().min_pin, token.token().max_pin));
  out.line(pin_line(out, status.user), 4);
  out.line(pin_line(out, status.so, Role::kSo), 4);
  out.field("URI", token_uri(token.token()));
  show_mechanisms(context, token, json);
  show_functions(context, status);
  json["functions"] = functions_json(status);
  for (const std::string& odd : status.odd_objects) out.line(tr("Not shown: {0}", odd), 4);
  json["odd_objects"] = status.odd_objects;
  document["token"] = json;
  out.document(document);
}

}  // namespace

void add_info(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("info", tr("All that is known about one token"));
  set_action(*command, context, [&context] { run(context); });
}

}  // namespace kilt::tool
