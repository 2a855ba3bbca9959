#include "tools/signing/xml_check.h"

#include <algorithm>
#include <array>
#include <optional>

#include <openssl/evp.h>

#include "drivers/crypto/errors.h"
#include "tools/signing/hash_signature.h"
#include "tools/signing/xml_document.h"
#include "tools/terminal/text.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {
namespace {

using namespace xml;  // NOLINT(google-build-using-namespace): this file is about it

constexpr std::size_t kMaxSignatures = 64, kMaxCertificates = 8;

struct Algorithm {
  const char* uri;
  Hash hash;
};
constexpr std::array kSignatures{
    Algorithm{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", Hash::kSha256},
    Algorithm{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", Hash::kSha512},
    Algorithm{"http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311", Hash::kGost94},
    Algorithm{"urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512",
              Hash::kStreebog512}};
constexpr std::array kDigests{
    Algorithm{"http://www.w3.org/2001/04/xmlenc#sha256", Hash::kSha256},
    Algorithm{"http://www.w3.org/2001/04/xmlenc#sha512", Hash::kSha512},
    Algorithm{"http://www.w3.org/2001/04/xmldsig-more#gost34311", Hash::kGost94},
    Algorithm{"urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512",
              Hash::kStreebog512}};

[[noreturn]] void strange(const std::string& what) {
  throw Failure(Kind::kUnsupported,
                tr("The XML signature has a form that is not checked here: {0}", clean(what)));
}
[[noreturn]] void damaged() { throw Failure(Kind::kBadInput, tr("The XML signature is damaged.")); }

bool is_named(const xmlNode* node, const char* name) {
  return node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         text_of(node->ns->href) == kSignatureSpace && text_of(node->name) == name;
}

bool is_blank(const xmlNode* node) {
  return node->type == XML_TEXT_NODE && xmlIsBlankNode(node) == 1;
}

/// The elements inside of one of a signature's, where nothing else may be.
std::vector<xmlNode*> elements(const xmlNode* parent) {
  std::vector<xmlNode*> found;
  for (xmlNode* node = parent->children; node != nullptr; node = node->next) {
    if (is_blank(node)) continue;
    if (node->type != XML_ELEMENT_NODE) strange(text_of(parent->name));
    found.push_back(node);
  }
  return found;
}

std::optional<std::string> attribute(const xmlNode* node, const char* name) {
  const CharsPtr value(xmlGetNoNsProp(node, chars(name)));
  return value ? std::optional(text_of(value.get())) : std::nullopt;
}

Hash hash_named(const xmlNode* node, const auto& table) {
  const std::string uri = attribute(node, "Algorithm").value_or("");
  const auto row =
      std::ranges::find_if(table, [&](const Algorithm& one) { return uri == one.uri; });
  if (row == table.end() || !elements(node).empty()) strange(uri);
  return row->hash;
}

/// The element's text is base64, broken into lines at will, but of the one form that the bytes
/// have: no bit of it may be changed unseen.
Bytes base64_in(const xmlNode* node) {
  const CharsPtr content(xmlNodeGetContent(node));
  std::string text = text_of(content.get());
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  const std::size_t end = text.find_last_not_of('=') + 1;
  const std::size_t filling = text.size() - end;
  if (text.empty() || text.size() % 4 != 0 || filling > 2) damaged();
  Bytes bytes(text.size() / 4 * 3);
  if (EVP_DecodeBlock(bytes.data(), view(text).data(), static_cast<int>(text.size())) < 0)
    damaged();
  bytes.resize(bytes.size() - filling);
  Bytes again(text.size() + 1);
  EVP_EncodeBlock(again.data(), bytes.data(), static_cast<int>(bytes.size()));
  again.pop_back();
  if (!std::ranges::equal(again, view(text))) damaged();
  return bytes;
}

/// Every element, in the document's order.
template <typename Visit>
void walk(xmlNode* top, Visit visit) {
  xmlNode* node = top;
  while (node != nullptr) {
    if (node->type == XML_ELEMENT_NODE) visit(node);
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
      node = node->children;
      continue;
    }
    while (node != top && node->next == nullptr) node = node->parent;
    if (node == top) return;
    node = node->next;
  }
}

struct Transforms {
  bool enveloped = false, exclusive = false;
};

/// Transforms in the order that the CA's software has: the signature cut out, then a canonical
/// form.
Transforms transforms_of(const xmlNode* node) {
  Transforms result;
  bool canonical_form = false;
  for (const xmlNode* one : elements(node)) {
    const std::string uri = attribute(one, "Algorithm").value_or("");
    if (!is_named(one, "Transform") || !elements(one).empty() || canonical_form) strange(uri);
    if (uri == kEnveloped) {
      result.enveloped = true;
      continue;
    }
    // Comments are not in what such a reference names (XML Signature, 4.4.3.2), whatever the form
    // would do with them.
    result.exclusive = uri == kExclusive || uri == kExclusiveComments;
    if (!result.exclusive && uri != kC14n && uri != kC14nComments) strange(uri);
    canonical_form = true;
  }
  return result;
}

struct Reference {
  xmlNode* target = nullptr;  ///< nullptr: the whole document
  std::string name;           ///< of the element, for people
  Transforms transforms;
  Hash hash = Hash::kNone;
  Bytes digest;
};

/// The one element with this Id. Two of them would leave open which one was signed.
xmlNode* element_with(xmlDoc* doc, const std::string& id) {
  xmlNode* found = nullptr;
  walk(xmlDocGetRootElement(doc), [&](xmlNode* node) {
    if (attribute(node, "Id") != id) return;
    if (found != nullptr)
      throw Failure(Kind::kBadInput, tr("Two elements have the Id {0}.", clean(id)));
    found = node;
  });
  if (found == nullptr)
    throw Failure(Kind::kBadInput, tr("No element has the Id {0}, which was signed.", clean(id)));
  return found;
}

Reference reference_of(xmlDoc* doc, const xmlNode* signature, const xmlNode* node) {
  std::vector<xmlNode*> parts = elements(node);
  Reference reference;
  if (!parts.empty() && is_named(parts.front(), "Transforms")) {
    reference.transforms = transforms_of(parts.front());
    parts.erase(parts.begin());
  }
  if (parts.size() != 2 || !is_named(parts[0], "DigestMethod") ||
      !is_named(parts[1], "DigestValue"))
    strange("Reference");
  reference.hash = hash_named(parts[0], kDigests);
  reference.digest = base64_in(parts[1]);
  const auto uri = attribute(node, "URI");
  if (!uri || (!uri->empty() && uri->front() != '#')) strange(uri.value_or("URI"));
  if (uri->empty()) return reference;
  reference.target = element_with(doc, uri->substr(1));
  if (is_within(reference.target, signature)) strange(*uri);
  reference.name = clean(text_of(reference.target->name)) + ' ' + clean(*uri);
  return reference;
}

std::vector<Bytes> certificates_of(xmlNode* key_info) {
  std::vector<Bytes> found;
  walk(key_info, [&](const xmlNode* node) {
    if (is_named(node, "X509Certificate") && found.size() < kMaxCertificates)
      found.push_back(base64_in(node));
  });
  return found;
}

/// The certificate whose key signed; of none, the first.
void find_signer(XmlSigner& signer, const std::vector<Bytes>& certificates, Hash hash,
                 BytesView value, BytesView signature, bool digest_fits) {
  if (certificates.empty()) return;  // nothing to compute with
  signer.certificate = certificates.front();
  signer.signature = Verification::kDoesNotFit;
  for (const Bytes& certificate : certificates) {
    bool good = false;
    try {
      good = fits_hash(certificate, hash, value, signature);
    } catch (const Error&) {
      good = false;  // no number that this key could have made
    }
    if (!good) continue;
    signer.certificate = certificate;
    if (digest_fits) signer.signature = Verification::kFits;
    return;
  }
}

/// Verifies the signature and takes it out of the document.
XmlSigner take_off(xmlDoc* doc, xmlNode* signature, Bytes& content) {
  const std::vector<xmlNode*> parts = elements(signature);
  if (parts.size() != 3 || !is_named(parts[0], "SignedInfo") ||
      !is_named(parts[1], "SignatureValue") || !is_named(parts[2], "KeyInfo"))
    strange("Signature");
  const std::vector<xmlNode*> info = elements(parts[0]);
  if (info.size() != 3 || !is_named(info[0], "CanonicalizationMethod") ||
      !is_named(info[1], "SignatureMethod") || !is_named(info[2], "Reference"))
    strange("SignedInfo");
  const std::string form = attribute(info[0], "Algorithm").value_or("");
  const bool exclusive = form == kExclusive || form == kExclusiveComments;
  if ((!exclusive && form != kC14n && form != kC14nComments) || !elements(info[0]).empty())
    strange(form);
  const Hash hash = hash_named(info[1], kSignatures);
  const Reference reference = reference_of(doc, signature, info[2]);
  const auto certificates = certificates_of(parts[2]);
  const Bytes value = base64_in(parts[1]);
  const kilt::Bytes signed_info = crypto::digest(hash, canonical(doc, parts[0], exclusive));

  if (reference.transforms.enveloped) xmlUnlinkNode(signature);
  content = canonical(doc, reference.target, reference.transforms.exclusive);
  if (!reference.transforms.enveloped) xmlUnlinkNode(signature);
  xmlFreeNode(signature);

  XmlSigner signer;
  signer.element = reference.name;
  const bool digest_fits = plain(crypto::digest(reference.hash, content)) == reference.digest;
  find_signer(signer, certificates, hash, signed_info, value, digest_fits);
  return signer;
}

Verification worst(const std::vector<XmlSigner>& signers) {
  const auto is = [&](Verification state) {
    return std::ranges::any_of(signers,
                               [&](const XmlSigner& one) { return one.signature == state; });
  };
  if (is(Verification::kDoesNotFit)) return Verification::kDoesNotFit;
  return is(Verification::kNotComputed) ? Verification::kNotComputed : Verification::kFits;
}

DocPtr parsed(BytesView file) {
  try {
    return parse({reinterpret_cast<const char*>(file.data()), file.size()}, false);  // NOLINT: text
  } catch (const Failure&) {
    throw Failure(Kind::kBadInput, tr("This is no XML document that is accepted here: damaged, too "
                                      "large, or with a document type (DOCTYPE)."));
  }
}

}  // namespace

bool looks_like_xml(BytesView file) {
  constexpr std::array<Byte, 3> kMark{0xEF, 0xBB, 0xBF};
  if (file.size() >= kMark.size() && std::ranges::equal(file.first(kMark.size()), kMark))
    file = file.subspan(kMark.size());
  // UTF-16, which begins with its mark.
  if (file.size() >= 2 && (file[0] ^ file[1]) == 1 && (file[0] | 1U) == 0xFF) return true;
  std::size_t at = 0;
  while (at < file.size() &&
         (file[at] == ' ' || file[at] == '\t' || file[at] == '\r' || file[at] == '\n'))
    ++at;
  return at < file.size() && file[at] == '<';
}

XmlVerdict verify_xml(BytesView file) {
  const DocPtr doc = parsed(file);
  std::vector<xmlNode*> signatures;
  walk(xmlDocGetRootElement(doc.get()), [&](xmlNode* node) {
    if (is_named(node, "Signature")) signatures.push_back(node);
  });
  if (signatures.empty())
    throw Failure(Kind::kBadInput, tr("There is no signature in this XML document."));
  if (signatures.size() > kMaxSignatures || signatures.front() == xmlDocGetRootElement(doc.get()))
    strange("Signature");
  XmlVerdict verdict;
  for (; !signatures.empty(); signatures.pop_back())
    verdict.signers.push_back(take_off(doc.get(), signatures.back(), verdict.content));
  std::ranges::reverse(verdict.signers);
  verdict.signature = worst(verdict.signers);
  return verdict;
}

}  // namespace kilt::tool
