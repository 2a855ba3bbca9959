// kilt trust: the CAs whose certificates this computer's owner takes for true.
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/trust_store.h"

namespace kilt::tool {
namespace {

struct TrustOptions {
  std::vector<std::string> files, fingerprints;
  std::string choice;
};

constexpr std::size_t kShortest = 8;  ///< digits of a fingerprint that name one

/// Without blanks and colons, in upper case: as people copy it from a web page.
std::string digits_of(const std::string& text) {
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == ':') continue;
    digits += c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return digits;
}

/// In groups of four, to be compared by eye.
std::string in_groups(const std::string& digits) {
  std::string text;
  for (std::size_t at = 0; at < digits.size(); at += 4)
    text += (at == 0 ? "" : " ") + digits.substr(at, 4);
  return text;
}

Json trusted_json(const Context& context, const CertificateInfo& info) {
  Json json = certificate_json(context, info);
  json["fingerprint"] = fingerprint(info.der);
  return json;
}

void show(Context& context, const CertificateInfo& info) {
  Output& out = context.out();
  out.field(tr("Owner"), context.personal(info.subject));
  if (!info.self_issued) out.field(tr("Issuer"), info.issuer);
  out.field(tr("Valid until"), out.paint(expiry_colour(info), expiry_text(info)));
  out.field(tr("Key"), info.key_algorithm);
  out.field(tr("Fingerprint"), in_groups(fingerprint(info.der)));
}

std::vector<CertificateInfo> read_authorities(const std::vector<std::string>& files) {
  std::vector<CertificateInfo> infos;
  for (const std::string& file : files)
    for (const Bytes& der : certificates_in(read_file(file))) {
      infos.push_back(parse_certificate(der));
      if (!infos.back().authority)
        throw Failure(Kind::kBadInput,
                      tr("The certificate of {0} is not a CA's: it vouches for nobody else.",
                         infos.back().common_name));
    }
  return infos;
}

void add(Context& context, const TrustOptions& options) {
  const std::vector<CertificateInfo> infos = read_authorities(options.files);
  std::vector<std::string> known;
  for (const std::string& text : options.fingerprints) known.push_back(digits_of(text));
  Json document = context.document();
  Json& list = document["certificates"] = Json::array();
  for (const CertificateInfo& info : infos) {
    const std::string print = fingerprint(info.der);
    if (!known.empty() && std::ranges::find(known, print) == known.end())
      throw Failure(Kind::kRefused,
                    tr("The fingerprint of {0} is another one: {1}", info.subject, print),
                    tr("Take the file from the CA itself, and the fingerprint from elsewhere."));
  }
  for (const CertificateInfo& info : infos) {
    show(context, info);
    if (known.empty())
      context.confirm(tr("Compare the fingerprint with what the CA publishes, from another source "
                         "than the file. Type \"yes\" if they agree"),
                      "yes");
    const bool added = trust(info);
    Json entry = trusted_json(context, info);
    entry["already_there"] = !added;
    list.push_back(entry);
    Output& out = context.out();
    out.line(out.paint(Colour::kGood,
                       added ? tr("It is trusted from now on.") : tr("It was trusted already.")));
  }
  context.out().document(document);
}

void list(Context& context) {
  std::vector<std::string> damaged;
  const std::vector<CertificateInfo> infos = trusted_certificates(&damaged);
  for (const std::string& file : damaged)
    context.out().warn(tr("{0} is not the certificate that its name says; it is not used.", file));
  Json document = context.document();
  document["certificates"] = Json::array();
  if (infos.empty())
    context.out().line(
        tr("No CA is trusted yet: kilt trust add FILE; the files are on "
           "pki.gov.kz."));
  for (const CertificateInfo& info : infos) {
    if (!document["certificates"].empty()) context.out().line();
    show(context, info);
    document["certificates"].push_back(trusted_json(context, info));
  }
  context.out().document(document);
}

void remove(Context& context, const TrustOptions& options) {
  const std::string wanted = digits_of(options.choice);
  if (wanted.size() < kShortest)
    throw Failure(Kind::kUsage,
                  tr("Name it by its fingerprint, {0} digits of it at least.", kShortest));
  std::vector<CertificateInfo> found = trusted_certificates();
  std::erase_if(found, [&](const CertificateInfo& info) {
    return !fingerprint(info.der).starts_with(wanted);
  });
  if (found.size() != 1)
    throw Failure(
        Kind::kNotFound,
        found.empty() ? tr("No such certificate is trusted.") : tr("Several certificates fit."),
        tr("`kilt trust list` shows them."));
  show(context, found.front());
  context.confirm(tr("Type \"yes\" to trust it no longer"), "yes");
  distrust(found.front());
  Json document = context.document();
  document["certificates"] = Json::array({trusted_json(context, found.front())});
  context.out().line(tr("It is not trusted any more."));
  context.out().document(document);
}

}  // namespace

void add_trust(CLI::App& app, Context& context) {
  auto options = std::make_shared<TrustOptions>();
  CLI::App* trust = app.add_subcommand("trust", tr("CAs whose signatures on certificates count"));
  trust->require_subcommand(1);

  CLI::App* command = trust->add_subcommand("add", tr("Trust a CA's certificate"));
  command->add_option("files", options->files, tr("The certificates: PEM, DER or PKCS#7"))
      ->required();
  command
      ->add_option("--fingerprint", options->fingerprints,
                   tr("Only if this is its SHA-256 fingerprint; then nothing is asked"))
      ->allow_extra_args(false);
  set_action(*command, context, [&context, options] { add(context, *options); });

  command = trust->add_subcommand("list", tr("Show the trusted certificates"));
  set_action(*command, context, [&context] { list(context); });

  command = trust->add_subcommand("remove", tr("Trust a certificate no longer"));
  command->add_option("fingerprint", options->choice, tr("Its fingerprint, or the beginning"))
      ->required();
  set_action(*command, context, [&context, options] { remove(context, *options); });
}

}  // namespace kilt::tool
