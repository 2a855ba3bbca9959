#include "tools/signing/xml_document.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "tools/terminal/text.h"

namespace kilt::tool::xml {
namespace {

constexpr std::size_t kMaxXml = 100'000'000;
constexpr std::size_t kMaxDepth = 1000;

using ParserPtr = Owned<xmlParserCtxt, xmlFreeParserCtxt>;
using BufferPtr = Owned<xmlBuffer, xmlBufferFree>;
using OutputPtr = Owned<xmlOutputBuffer, xmlOutputBufferClose>;

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

/// Is the node in the subtree of `top`? Attributes and namespaces belong to their element.
int visible(void* top, xmlNodePtr node, xmlNodePtr parent) {
  if (node != nullptr && (node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE))
    node = parent;
  return is_within(node, static_cast<const xmlNode*>(top)) ? 1 : 0;
}

}  // namespace

const xmlChar* chars(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);  // NOLINT: libxml2's characters
}

std::string text_of(const xmlChar* text) {
  return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);  // NOLINT: the same
}

void not_xml(const std::string& why) {
  throw Failure(Kind::kBadInput, "org.xml.sax.SAXParseException; " + why);
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

Bytes canonical(xmlDoc* doc, xmlNode* top, bool exclusive) {
  const BufferPtr buffer(xmlBufferCreate());
  const OutputPtr output(xmlOutputBufferCreateBuffer(buffer.get(), nullptr));
  if (!buffer || !output) throw std::bad_alloc();
  const int mode = exclusive ? XML_C14N_EXCLUSIVE_1_0 : XML_C14N_1_0;
  if (xmlC14NExecute(doc, top == nullptr ? nullptr : visible, top, mode, nullptr, 0, output.get()) <
      0)
    not_xml("no canonical form");
  xmlOutputBufferFlush(output.get());
  const xmlChar* bytes = xmlBufferContent(buffer.get());
  return {bytes, bytes + xmlBufferLength(buffer.get())};
}

}  // namespace kilt::tool::xml
