#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

std::string register_command(const std::string& target) { return "kilt register " + target; }

}  // namespace

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
  if (openssl_engine(around).empty() && openssl_provider(around).empty())
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
