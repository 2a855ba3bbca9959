#include "tools/signing/xml.h"

#include <libxml/xmlsave.h>
#include <libxml/xpath.h>
#include <openssl/evp.h>

#include "tools/signing/xml_document.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

using namespace xml;  // NOLINT(google-build-using-namespace): this file is about it

constexpr std::size_t kMaxXpath = 1024;
constexpr unsigned long kMaxXpathSteps = 1'000'000;

using BufferPtr = Owned<xmlBuffer, xmlBufferFree>;
using XpathPtr = Owned<xmlXPathContext, xmlXPathFreeContext>;
using XpathResultPtr = Owned<xmlXPathObject, xmlXPathFreeObject>;

std::string base64(BytesView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),  // NOLINT: characters
                      bytes.data(), static_cast<int>(bytes.size()))));
  return text;
}

xmlNode* find(xmlDoc* doc, const std::string& xpath) {
  if (xpath.size() > kMaxXpath) not_xml("XPath too long");
  const XpathPtr context(xmlXPathNewContext(doc));
  if (!context) throw std::bad_alloc();
  context->opLimit = kMaxXpathSteps;
  context->error = [](void* /*data*/, auto* /*error*/) {};  // its type has changed in 2.12
  const XpathResultPtr found(xmlXPathEvalExpression(chars(xpath.c_str()), context.get()));
  const bool one = found && found->type == XPATH_NODESET && found->nodesetval != nullptr &&
                   found->nodesetval->nodeNr == 1;
  xmlNode* node = one ? found->nodesetval->nodeTab[0] : nullptr;
  if (node == nullptr || node->type != XML_ELEMENT_NODE)
    not_xml("the XPath does not name one element");
  return node;
}

/// Makes the elements of a ds:Signature, without white space.
class SignatureElement {
 public:
  SignatureElement(xmlDoc* doc, xmlNode* parent)
      : top_(xmlNewDocNode(doc, nullptr, chars("Signature"), nullptr)) {
    space_ = xmlNewNs(top_, chars(kSignatureSpace), chars("ds"));
    xmlSetNs(top_, space_);
    xmlAddChild(parent, top_);
  }
  xmlNode* add(xmlNode* parent, const char* name, const std::string& text = {}) {
    return xmlNewTextChild(parent, space_, chars(name),
                           text.empty() ? nullptr : chars(text.c_str()));
  }
  xmlNode* algorithm(xmlNode* parent, const char* name, const std::string& uri) {
    xmlNode* node = add(parent, name);
    xmlNewProp(node, chars("Algorithm"), chars(uri.c_str()));
    return node;
  }
  [[nodiscard]] xmlNode* top() const noexcept { return top_; }

 private:
  xmlNode* top_;
  xmlNs* space_ = nullptr;
};

std::string serialized(xmlDoc* doc) {
  const BufferPtr buffer(xmlBufferCreate());
  if (!buffer) throw std::bad_alloc();
  xmlSaveCtxtPtr save = xmlSaveToBuffer(buffer.get(), "UTF-8", XML_SAVE_NO_DECL | XML_SAVE_AS_XML);
  if (save == nullptr) throw std::bad_alloc();
  for (xmlNode* node = doc->children; node != nullptr; node = node->next) xmlSaveTree(save, node);
  xmlSaveClose(save);
  std::string text = R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>)";
  return text + text_of(xmlBufferContent(buffer.get()));
}

}  // namespace

void check_xml(std::string_view xml, bool text_is_utf8) {
  static_cast<void>(parse(xml, text_is_utf8));
}

std::string sign_xml(std::string_view xml, bool text_is_utf8, const Suite& suite,
                     BytesView certificate, const XmlPlace& place) {
  if (suite.signature_uri.empty())
    throw Failure(Kind::kUnsupported, tr("XML Signature has no name for this key's algorithm."));
  const DocPtr doc = parse(xml, text_is_utf8);
  xmlNode* element = place.element.empty() ? nullptr : find(doc.get(), place.element);
  xmlNode* parent =
      place.parent.empty() ? xmlDocGetRootElement(doc.get()) : find(doc.get(), place.parent);
  std::string uri;
  if (element != nullptr) {
    const CharsPtr id(xmlGetNoNsProp(element, chars("Id")));
    if (!id) not_xml("the element has no attribute Id");
    uri = "#" + text_of(id.get());
    if (is_within(parent, element)) not_xml("the signature would be inside of what it signs");
  }
  // What a reference without XPointer names has no comments (XML Signature, 4.4.3.2), whatever the
  // transform's name says.
  const Bytes digest = suite.digest(canonical(doc.get(), element, false));

  SignatureElement signature(doc.get(), parent);
  xmlNode* info = signature.add(signature.top(), "SignedInfo");
  const bool exclusive = element != nullptr;
  signature.algorithm(info, "CanonicalizationMethod", exclusive ? kExclusive : kC14n);
  signature.algorithm(info, "SignatureMethod", suite.signature_uri);
  xmlNode* reference = signature.add(info, "Reference");
  xmlNewProp(reference, chars("URI"), chars(uri.c_str()));
  xmlNode* transforms = signature.add(reference, "Transforms");
  if (!exclusive) signature.algorithm(transforms, "Transform", kEnveloped);
  signature.algorithm(transforms, "Transform", kC14nComments);
  signature.algorithm(reference, "DigestMethod", suite.digest_uri);
  signature.add(reference, "DigestValue", base64(digest));
  const Bytes value = suite.sign(canonical(doc.get(), info, exclusive));
  signature.add(signature.top(), "SignatureValue", base64(value));
  xmlNode* data = signature.add(signature.add(signature.top(), "KeyInfo"), "X509Data");
  signature.add(data, "X509Certificate", base64(certificate));
  return serialized(doc.get());
}

}  // namespace kilt::tool
