#include <cstdlib>

#include <toml++/toml.h>
#include <unistd.h>

#include "drivers/profile.h"
#include "drivers/profile_text.h"
#include "tools/doctor.h"
#include "tools/process.h"
#include "tools/return_value.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

fs::path configuration(const Surroundings& around) {
  if (const char* named = std::getenv("KILT_CONF"); named != nullptr && *named != '\0')
    return named;
  std::error_code error;
  if (fs::exists(around.config / "kilt" / "kilt.toml", error))
    return around.config / "kilt" / "kilt.toml";
  return around.at("/etc/kilt/kilt.toml");
}

void check_trace(const toml::table& table, Checks& checks) {
  const char* traced = std::getenv("KILT_TRACE");
  const std::string file =
      traced != nullptr ? std::string(traced) : table["log"]["trace"].value_or(std::string());
  if (!file.empty())
    checks.push_back(
        {"trace-on",
         Health::kNote,
         tr("Every operation is traced into {0}: it slows down and tells what you do.", file),
         tr("Unset KILT_TRACE, or log.trace in kilt.toml."),
         {}});
}

std::string register_command(const std::string& target) { return "kilt register " + target; }

}  // namespace

void check_configuration(const Surroundings& around, Checks& checks) {
  const fs::path file = configuration(around);
  std::error_code error;
  toml::table table;
  if (fs::exists(file, error)) {
    if (access(file.c_str(), R_OK) != 0) {
      checks.push_back({"configuration",
                        Health::kProblem,
                        tr("{0} may not be read by this user.", file.string()),
                        "chmod u+r " + file.string(),
                        {}});
    } else {
      const auto ignored = [&](unsigned line, const std::string& what) {
        checks.push_back(
            {"configuration",
             Health::kProblem,
             tr("{0}, line {1}: {2}. The whole file is ignored.", file.string(), line, what),
             tr("Correct that line."),
             {}});
      };
      try {
        std::optional<TextMistake> mistake;
        const std::string text = toml_in_ascii(to_text(read_file(file.string())), mistake);
        if (mistake) {
          ignored(mistake->line, mistake->what);
        } else {
          table = toml::parse(text, file.string());
          checks.push_back(
              {"configuration", Health::kGood, tr("{0} can be read.", file.string()), "", {}});
        }
      } catch (const toml::parse_error& problem) {
        ignored(problem.source().begin.line, std::string(problem.description()));
      }
    }
  }
  check_trace(table, checks);
  ProfileSet set;
  for (const fs::path& folder : {around.at("/usr/share/kilt/tokens"), around.at("/etc/kilt/tokens"),
                                 around.config / "kilt" / "tokens"})
    set.add_folder(folder, [&](const ProfileError& problem) {
      checks.push_back({"profile",
                        Health::kProblem,
                        tr("A token profile is ignored: {0}", clean(problem.what())),
                        tr("Correct it or remove it."),
                        {}});
    });
}

void check_module(Context& context, Checks& checks) {
  const std::string path = context.module_path();
  try {
    const ModuleInfo info = context.module().info();
    checks.push_back({"module",
                      Health::kGood,
                      tr("The module loads: {0} {1}.{2}, {3}", info.description, info.library_major,
                         info.library_minor, path),
                      "",
                      {}});
    for (const SlotView& slot : context.module().slots()) {
      if (slot.token)
        checks.push_back(
            {"token",
             Health::kGood,
             tr("The module sees the token \"{0}\" in {1}.", slot.token->label, slot.reader),
             "",
             {}});
      else if (slot.present)
        checks.push_back({"token-trouble",
                          Health::kProblem,
                          tr("The module cannot use what is in {0}: {1}", slot.reader,
                             failure_of(slot.trouble, "C_GetTokenInfo").what()),
                          failure_of(slot.trouble, "C_GetTokenInfo").advice(),
                          {}});
    }
  } catch (const Failure& failure) {
    checks.push_back({"module",
                      Health::kProblem,
                      failure.what(),
                      tr("Install Kilt again, or name the module with --module."),
                      {}});
  }
}

void check_registrations(const Surroundings& around, const std::string& module, Checks& checks) {
  const Registration p11kit = p11kit_registration(around, module);
  if (p11kit.state == Registered::kYes)
    checks.push_back({"p11-kit",
                      Health::kGood,
                      tr("Registered with p11-kit: {0}", p11kit.where.string()),
                      "",
                      {}});
  else if (p11kit.state == Registered::kBroken)
    checks.push_back({"p11-kit-broken", Health::kProblem,
                      tr("{0} names a module that is not there: {1}", p11kit.where.string(),
                         clean(p11kit.module)),
                      register_command("p11-kit"),
                      [around, module] { register_p11kit(around, module); }});
  else
    checks.push_back({"p11-kit", Health::kProblem,
                      tr("The module is not registered with p11-kit (GnuTLS, GNOME, Evolution)."),
                      register_command("p11-kit"),
                      [around, module] { register_p11kit(around, module); }});
  for (const fs::path& database : nss_databases(around)) {
    const Registration nss = nss_registration(database, module);
    if (nss.state == Registered::kYes)
      checks.push_back({"nss",
                        Health::kGood,
                        tr("Registered in the NSS database {0}", database.string()),
                        "",
                        {}});
    else
      checks.push_back({nss.state == Registered::kNo ? "nss" : "nss-broken",
                        Health::kProblem,
                        nss.state == Registered::kNo
                            ? tr("Not registered in the NSS database {0} (Firefox, Chromium).",
                                 database.string())
                            : tr("The NSS database {0} names a module that is not there: {1}",
                                 database.string(), clean(nss.module)),
                        register_command("nss"),
                        {}});
  }
  if (openssl_engine(around).empty())
    checks.push_back({"openssl-engine",
                      Health::kNote,
                      tr("OpenSSL's PKCS#11 engine is not installed; `openssl` cannot use tokens."),
                      "sudo apt install libengine-pkcs11-openssl",
                      {}});
  const Registration openssl = openssl_registration(around, module);
  if (openssl.state == Registered::kBroken)
    checks.push_back({"openssl-broken", Health::kProblem,
                      tr("{0} names a module that is not there: {1}", openssl.where.string(),
                         clean(openssl.module)),
                      register_command("openssl"),
                      [around, module] { register_openssl(around, module); }});
}

}  // namespace kilt::tool
