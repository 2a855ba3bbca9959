#include "tools/signing/xml.h"

#include <limits>

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlerror.h>
#include <libxml/xmlsave.h>
#include <libxml/xpath.h>
#include <openssl/evp.h>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMaxXml = 100'000'000;
constexpr std::size_t kMaxDepth = 1000;
constexpr std::size_t kMaxXpath = 1024;
constexpr unsigned long kMaxXpathSteps = 1'000'000;
constexpr const char* kNamespace = "http://www.w3.org/2000/09/xmldsig#";
constexpr const char* kC14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
constexpr const char* kC14nComments =
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments";
constexpr const char* kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
constexpr const char* kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

using DocPtr = Owned<xmlDoc, xmlFreeDoc>;
using ParserPtr = Owned<xmlParserCtxt, xmlFreeParserCtxt>;
using BufferPtr = Owned<xmlBuffer, xmlBufferFree>;
using OutputPtr = Owned<xmlOutputBuffer, xmlOutputBufferClose>;
using XpathPtr = Owned<xmlXPathContext, xmlXPathFreeContext>;
using XpathResultPtr = Owned<xmlXPathObject, xmlXPathFreeObject>;
using CharsPtr = Owned<xmlChar, [](xmlChar* text) { xmlFree(text); }>;

const xmlChar* chars(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);  // NOLINT: libxml2's characters
}

[[noreturn]] void not_xml(const std::string& why) {
  throw Failure(Kind::kBadInput, "org.xml.sax.SAXParseException; " + why);
}

void silent(void* /*context*/, const char* /*message*/, ...) {}  // NOLINT: libxml2's type

/// A document type could bring entities that grow without end, or files and addresses to read: the
/// parser ends at its first word.
void no_document_type(void* context, const xmlChar* /*name*/, const xmlChar* /*external*/,
                      const xmlChar* /*system*/) {
  auto* parser = static_cast<xmlParserCtxtPtr>(context);
  parser->_private = parser;
  xmlStopParser(parser);
}

/// No canonical form is made of a tree so deep that its making would use up the stack.
void check_depth(const xmlDoc* doc) {
  std::size_t depth = 0;
  const xmlNode* node = doc->children;
  while (node != nullptr) {
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
      if (++depth > kMaxDepth) not_xml("nested too deep");
      node = node->children;
      continue;
    }
    while (node != nullptr && node->next == nullptr) {
      node = node->parent;
      if (node == nullptr || node->type != XML_ELEMENT_NODE) return;
      --depth;
    }
    if (node != nullptr) node = node->next;
  }
}

DocPtr parse(std::string_view xml, bool text_is_utf8) {
  xmlInitParser();
  if (xml.size() > kMaxXml) not_xml("too large");
  const ParserPtr parser(xmlNewParserCtxt());
  if (!parser) throw std::bad_alloc();
  parser->sax->internalSubset = no_document_type;
  parser->sax->externalSubset = no_document_type;
  parser->sax->error = silent;
  parser->sax->warning = silent;
  DocPtr doc(xmlCtxtReadMemory(
      parser.get(), xml.data(), static_cast<int>(xml.size()), nullptr,
      text_is_utf8 ? "UTF-8" : nullptr,
      XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (parser->_private != nullptr) not_xml("DOCTYPE is disallowed");
  if (!doc || parser->wellFormed == 0 || xmlDocGetRootElement(doc.get()) == nullptr) {
    const xmlError* error = xmlCtxtGetLastError(parser.get());
    not_xml(error == nullptr || error->message == nullptr ? "not well formed"
                                                          : clean(error->message));
  }
  check_depth(doc.get());
  return doc;
}

bool is_within(const xmlNode* node, const xmlNode* top) {
  for (; node != nullptr && node->type != XML_DOCUMENT_NODE; node = node->parent)
    if (node == top) return true;
  return false;
}

/// Is the node in the subtree of `top`? Attributes and namespaces belong to their element.
int visible(void* top, xmlNodePtr node, xmlNodePtr parent) {
  if (node != nullptr && (node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE))
    node = parent;
  return is_within(node, static_cast<const xmlNode*>(top)) ? 1 : 0;
}

/// Canonical form of the subtree, or of the whole document (top null).
BufferPtr canonical(xmlDoc* doc, xmlNode* top, bool exclusive, bool comments) {
  BufferPtr buffer(xmlBufferCreate());
  const OutputPtr output(xmlOutputBufferCreateBuffer(buffer.get(), nullptr));
  if (!buffer || !output) throw std::bad_alloc();
  const int mode = exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0;
  if (xmlC14NExecute(doc, top == nullptr ? nullptr : visible, top, mode, nullptr, comments ? 1 : 0,
                     output.get()) < 0)
    not_xml("no canonical form");
  xmlOutputBufferFlush(output.get());
  return buffer;
}

BytesView bytes_of(const BufferPtr& buffer) {
  return {xmlBufferContent(buffer.get()), static_cast<std::size_t>(xmlBufferLength(buffer.get()))};
}

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
    space_ = xmlNewNs(top_, chars(kNamespace), chars("ds"));
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
  const BytesView body = bytes_of(buffer);
  text.append(body.begin(), body.end());
  return text;
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
    uri = std::string("#") + reinterpret_cast<const char*>(id.get());  // NOLINT: characters
    if (is_within(parent, element)) not_xml("the signature would be inside of what it signs");
  }
  // What a reference without XPointer names has no comments (XML Signature, 4.4.3.2), whatever the
  // transform's name says.
  const Bytes digest = suite.digest(bytes_of(canonical(doc.get(), element, false, false)));

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
  const Bytes value = suite.sign(bytes_of(canonical(doc.get(), info, exclusive, false)));
  signature.add(signature.top(), "SignatureValue", base64(value));
  xmlNode* data = signature.add(signature.add(signature.top(), "KeyInfo"), "X509Data");
  signature.add(data, "X509Certificate", base64(certificate));
  return serialized(doc.get());
}

}  // namespace kilt::tool
