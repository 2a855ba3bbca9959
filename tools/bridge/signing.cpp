#include "tools/bridge/signing.h"

#include <ctime>
#include <filesystem>
#include <fstream>

#include "tools/signing/cades.h"
#include "tools/signing/time_stamp.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

constexpr std::size_t kShown = 100;
constexpr std::size_t kMaxDocuments = 10'000;
constexpr std::uintmax_t kMaxFile = std::uintmax_t{64} << 20U;

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: characters
}

tool::Stamp stamp_by(const tool::Suite& suite, const std::string& tsa) {
  return [&suite, tsa](BytesView signature) {
    return tool::time_stamp(tsa, {suite.digest_oid, suite.digest(signature), {}},
                            tool::post_by_http);
  };
}

Bytes sign_cms(const SignPlan& plan, const Bytes& document, const tool::Suite& suite,
               const Bytes& certificate, const std::string& tsa) {
  const std::time_t now = std::time(nullptr);
  auto existing = plan.may_add_signer || plan.only_time_stamp ? tool::SignedData::parse(document)
                                                              : std::nullopt;
  Bytes der;
  if (plan.only_time_stamp) {
    if (!existing)
      throw tool::Failure(tool::Kind::kBadInput,
                          tool::tr("This is no CMS signature, or it is damaged."));
    return tool::add_time_stamps(std::move(*existing), stamp_by(suite, tsa));
  }
  if (existing && existing->content)
    der = tool::add_signer(suite, certificate, std::move(*existing), now);
  else
    der = tool::make_cades(suite, certificate, {document, plan.digested, plan.encapsulate, now});
  if (!plan.time_stamp) return der;
  return tool::add_time_stamps(*tool::SignedData::parse(der), stamp_by(suite, tsa));
}

/// PKCS #1 or GOST over the document's hash, or over the digest that was given.
Bytes sign_raw(const SignPlan& plan, const Bytes& document, const tool::Suite& suite) {
  if (plan.digested)
    throw tool::Failure(tool::Kind::kUnsupported,
                        tool::tr("A bare signature over a digest is not made."));
  return suite.sign(document);
}

Bytes sign_one(const SignPlan& plan, const Bytes& document, const tool::Suite& suite,
               const Bytes& certificate, const std::string& tsa) {
  switch (plan.format) {
    case SignPlan::Format::kXml:
      return tool::to_bytes(
          tool::sign_xml(text_of(document), plan.text_is_utf8, suite, certificate, plan.place));
    case SignPlan::Format::kRaw:
      return sign_raw(plan, document, suite);
    case SignPlan::Format::kCms:
      break;
  }
  return sign_cms(plan, document, suite, certificate, tsa);
}

const char* operation_of(SignPlan::Format format) {
  if (format == SignPlan::Format::kXml) return "xml";
  return format == SignPlan::Format::kCms ? "cms" : "raw";
}

Document shown(const SignPlan& plan, const Bytes& document) {
  if (plan.digested) return describe_digest(document);
  Document shown = describe_document(document, plan.format == SignPlan::Format::kXml);
  if (plan.only_time_stamp) shown.kind = "signature";
  return shown;
}

}  // namespace

SignResult sign(Consent& consent, const Page& page, SignPlan plan, const std::string& tsa) {
  if (plan.documents.empty() || plan.documents.size() > kMaxDocuments)
    throw tool::Failure(tool::Kind::kBadInput, tool::tr("Nothing to sign, or too much."));
  Wish wish;
  wish.operation = operation_of(plan.format);
  wish.storages = plan.storages;
  wish.filter = plan.filter;
  wish.count = plan.documents.size();
  for (const Bytes& document : plan.documents) {
    // What cannot be signed is refused before the user is asked.
    if (plan.format == SignPlan::Format::kXml)
      tool::check_xml(text_of(document), plan.text_is_utf8);
    if (wish.documents.size() < kShown) wish.documents.push_back(shown(plan, document));
  }
  const auto shared = std::make_shared<SignPlan>(std::move(plan));
  const auto result = std::make_shared<SignResult>();
  wish.act = [shared, result, tsa](Granted& granted) {
    const auto suite =
        tool::suite_of(granted.session, *granted.key, granted.certificate.info->spki);
    result->certificate = granted.certificate.der;
    for (Bytes& document : shared->documents) {
      if (granted.progress.stop) return;
      const Bytes whole = std::exchange(document, {});
      result->documents.push_back(sign_one(*shared, whole, suite, granted.certificate.der, tsa));
      ++granted.progress.done;
    }
  };
  consent.ask(page, std::move(wish));
  return std::move(*result);
}

Bytes choose_certificate(Consent& consent, const Page& page,
                         const std::vector<std::string>& storages) {
  const auto certificate = std::make_shared<Bytes>();
  Wish wish;
  wish.operation = "key-info";
  wish.storages = storages;
  wish.private_key = false;
  wish.filter.allow_expired = true;
  wish.act = [certificate](Granted& granted) { *certificate = granted.certificate.der; };
  consent.ask(page, std::move(wish));
  return std::move(*certificate);
}

Bytes read_document(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || !std::filesystem::is_regular_file(path, error))
    throw Refused("500", "file.not_found");
  if (size > kMaxFile) throw Refused("500", tool::tr("The file is too large."));
  Bytes contents(size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(contents.data()),  // NOLINT: characters are bytes
            static_cast<std::streamsize>(size));
  if (!file) throw Refused("500", "file.not_found");
  return contents;
}

}  // namespace kilt::bridge
