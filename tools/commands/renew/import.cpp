// kilt renew import: the CA's certificates beside the new keys. The old pair stays.
#include <openssl/err.h>

#include "tools/commands/before_login.h"
#include "tools/commands/cert_store.h"
#include "tools/commands/commands.h"
#include "tools/commands/renew/renewal.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/trust.h"
#include "tools/x509/trust_store.h"

namespace kilt::tool {
namespace {

struct ImportOptions {
  std::vector<std::string> files;
  std::string authorities;
  bool force = false;
};

/// The certificate must be what the key was made for.
void check_purpose(const KeyView& key, const CertificateInfo& info, const SlotView::Token& token) {
  const auto purpose = made_for(key, token);
  if (purpose && !serves(info, *purpose))
    throw Failure(
        Kind::kBadInput,
        tr("The certificate is not for {0}, for which its key was made.", purpose_text(*purpose)),
        tr("Were the two requests mixed up? --force stores it nevertheless."));
}

/// Id of key and certificate become the key identifier, on both halves.
void name_key(Session& session, const KeyView& key, const Bytes& id) {
  if (key.id == id) return;
  for (const CK_OBJECT_HANDLE half : {key.private_key, key.public_key}) {
    if (half == 0) continue;
    Template change;
    change.bytes(CKA_ID, id);
    session.change(half, std::move(change));
  }
}

class Import {
 public:
  Import(Context& context, const ImportOptions& options)
      : context_(context),
        options_(options),
        token_(context.token()),
        session_(context.module(), token_.id(), Session::Mode::kWrite) {}

  void run() {
    const std::vector<CertificateInfo> infos = read_files();
    trusted_ = options_.authorities.empty() ? trusted_ders()
                                            : certificates_in(read_file(options_.authorities));
    inventory_ = login_for(context_, session_, token_, Choice(""), [&](const Inventory& seen) {
      for (const CertificateInfo& info : infos) static_cast<void>(key_for(seen, info));
    });
    for (const CertificateInfo& info : infos) check(info);
    Json document = context_.document();
    document["certificates"] = Json::array();
    for (const CertificateInfo& info : infos) document["certificates"].push_back(store(info));
    context_.out().line(
        tr("The old certificates are still there. `kilt renew retire` deletes them, if you wish."));
    context_.out().document(document);
  }

 private:
  /// All of them are checked before the first is written. A bundle's CA certificates help to build
  /// the chain but are not stored.
  std::vector<CertificateInfo> read_files() {
    std::vector<CertificateInfo> infos;
    for (const std::string& file : options_.files)
      for (const Bytes& der : certificates_in(read_file(file))) {
        CertificateInfo info = parse_certificate(der);
        if (info.authority) {
          intermediate_.push_back(der);
          continue;
        }
        if (!options_.force) check_validity(info);
        infos.push_back(std::move(info));
      }
    if (infos.empty()) throw Failure(Kind::kBadInput, tr("No file holds a user's certificate."));
    return infos;
  }

  const KeyView& key_for(const Inventory& inventory, const CertificateInfo& info) {
    const KeyView* key = inventory.key_with(info.spki);
    if (key == nullptr || (session_.logged_in() && key->private_key == 0))
      throw Failure(Kind::kBadInput,
                    tr("The certificate of {0} is for another key: none on this token fits it.",
                       context_.personal(info.subject)),
                    tr("Is it the right token? `kilt renew status` shows the keys that wait."));
    return *key;
  }

  void check(const CertificateInfo& info) {
    const KeyView& key = key_for(inventory_, info);
    if (!options_.force) check_purpose(key, info, token_.token());
    chain_ = trusted_.empty() ? tr("not checked (--ca FILE or `kilt trust add` checks it)")
                              : check_chain(info.der, trusted_, intermediate_).text;
  }

  Json store(const CertificateInfo& info) {
    const KeyView& key = *inventory_.key_with(info.spki);
    const bool there = find_same(inventory_, info.der) != nullptr;
    const std::string label = key.label.empty() ? info.common_name : key.label;
    if (!there) write_certificate(session_, info, info.key_id, label);
    name_key(session_, key, info.key_id);
    // As another program will find it: read back from the token.
    const Inventory now = read_inventory(session_);
    const CertificateView* stored = find_same(now, info.der);
    const KeyView* its_key = stored == nullptr ? nullptr : now.key_of(*stored);
    if (its_key == nullptr || its_key->id != stored->id)
      throw Failure(Kind::kToken, tr("The token does not give back what was written."),
                    tr("The old pair is untouched; try again."));
    const Verification proof = prove(session_, {its_key, stored});
    Output& out = context_.out();
    if (proof == Verification::kFits)
      out.line(out.paint(Colour::kGood, tr("{0}: stored, and a test signature verifies.", label)));
    else
      out.line(out.paint(Colour::kWarn,
                         tr("{0}: stored. Its test signature could NOT be verified: the algorithm "
                            "is not known here.",
                            label)));
    print_certificate(context_, info);
    out.field(tr("Chain"), chain_);
    Json json = certificate_json(context_, token_, *stored);
    json["already_there"] = there;
    json["test_signature"] = proof == Verification::kFits;
    json["chain"] = chain_;
    return json;
  }

  Context& context_;
  const ImportOptions& options_;
  ChosenToken token_;
  Session session_;
  Inventory inventory_;
  std::vector<Bytes> intermediate_, trusted_;
  std::string chain_;
};

}  // namespace

void add_renew_import(CLI::App& renew, Context& context) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command =
      renew.add_subcommand("import", tr("Store the CA's certificates beside the new keys"));
  command->add_option("files", options->files, tr("The certificates: PEM, DER or PKCS#7"))
      ->required();
  command->add_option("--ca", options->authorities,
                      tr("File with the CA's certificates, to check the chain (default: those of "
                         "`kilt trust`)"));
  command->add_flag("--force", options->force, tr("Also an expired one, or for another purpose"));
  set_action(*command, context, [&context, options] { Import(context, *options).run(); });
}

}  // namespace kilt::tool
