#include "tools/signing/pdf.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "apdu/tlv.h"
#include "tools/signing/pdf_update.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

Bytes copy_of(BytesView bytes) { return {bytes.begin(), bytes.end()}; }
void append(Bytes& bytes, BytesView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

constexpr std::size_t kMaxFields = 10'000;
constexpr int kDeepest = 32;  // levels of fields

struct Field {
  std::string name;
  QPDFObjectHandle value;  ///< the signature's dictionary
};

/// Signature fields, filled or not, below a list of fields (12.7.3). Names of all fields are noted.
class Fields {
 public:
  explicit Fields(QPDFObjectHandle root) {
    QPDFObjectHandle form = root.getKey("/AcroForm");
    if (form.isDictionary()) collect(form.getKey("/Fields"), "", false, 0);
  }
  [[nodiscard]] const std::vector<Field>& filled() const noexcept { return filled_; }
  [[nodiscard]] bool has_name(const std::string& name) const { return names_.contains(name); }

 private:
  void collect(QPDFObjectHandle list, const std::string& above, bool signature, int depth) {
    if (!list.isArray() || depth > kDeepest) return;
    for (int i = 0; i < list.getArrayNItems(); ++i) {
      QPDFObjectHandle field = list.getArrayItem(i);
      if (!field.isDictionary()) continue;
      // A tree, by the standard; whoever makes a ring of it is not followed.
      if (field.isIndirect() && !seen_.insert(field.getObjGen()).second) continue;
      if (++count_ > kMaxFields) pdf_is_damaged("Fields");
      QPDFObjectHandle part = field.getKey("/T");
      std::string name = above;
      if (part.isString()) name += (above.empty() ? "" : ".") + part.getUTF8Value();
      names_.insert(name);
      QPDFObjectHandle type = field.getKey("/FT");  // may come from above
      const bool signs = type.isName() ? type.getName() == "/Sig" : signature;
      QPDFObjectHandle value = field.getKey("/V");
      if (signs && value.isDictionary()) filled_.push_back({name, value});
      collect(field.getKey("/Kids"), name, signs, depth + 1);
    }
  }

  std::size_t count_ = 0;
  std::set<QPDFObjGen> seen_;
  std::set<std::string> names_;
  std::vector<Field> filled_;
};

using ByteRange = std::array<std::size_t, 4>;  ///< offset and length, twice

/// The two parts that a signature names, if they are all up to its end but its own value: whatever
/// else was left out could be changed unseen.
std::pair<BytesView, BytesView> signed_parts(BytesView pdf, const Field& field,
                                             const Bytes& contents) {
  QPDFObjectHandle list = QPDFObjectHandle(field.value).getKey("/ByteRange");
  ByteRange range{};
  bool good = list.isArray() && list.getArrayNItems() == static_cast<int>(range.size());
  for (std::size_t i = 0; good && i < range.size(); ++i) {
    QPDFObjectHandle item = list.getArrayItem(static_cast<int>(i));
    good = item.isInteger() && item.getIntValue() >= 0;
    if (good) range[i] = static_cast<std::size_t>(item.getIntValue());
    good = good && range[i] <= pdf.size();
  }
  const auto [first, before, second, after] = range;
  good = good && first == 0 && before < second && after <= pdf.size() - second;
  if (good) {
    const BytesView gap = pdf.subspan(before, second - before);
    good = gap.size() == 2 * contents.size() + 2 && gap.front() == '<' && gap.back() == '>';
    for (std::size_t i = 0; good && i < contents.size(); ++i) {
      const std::string pair{static_cast<char>(gap[1 + 2 * i]), static_cast<char>(gap[2 + 2 * i])};
      good = std::strspn(pair.c_str(), "0123456789abcdefABCDEF") == 2 &&
             std::stoi(pair, nullptr, 16) == contents[i];
    }
  }
  if (!good)
    throw Failure(Kind::kBadInput,
                  tr("The signature {0} leaves out more of the file than its own value: what it "
                     "signs cannot be told.",
                     clean(field.name)));
  return {pdf.first(before), pdf.subspan(second, after)};
}

/// The CMS without the zeros that fill its place.
Bytes without_filling(BytesView contents) {
  tlv::Reader reader(contents);
  try {
    const auto cms = reader.next();
    if (cms && std::ranges::all_of(reader.rest(), [](Byte byte) { return byte == 0; }))
      return copy_of(cms->encoded);
  } catch (const MalformedAnswer&) {
    return copy_of(contents);  // BER of an indefinite length: the CMS reader finds its end
  }
  pdf_is_damaged("Contents");
}

PdfSignature read_signature(BytesView pdf, const Field& field) {
  QPDFObjectHandle value = field.value;
  QPDFObjectHandle contents = value.getKey("/Contents");
  if (!contents.isString()) pdf_is_damaged("Contents");
  const Bytes bytes = to_bytes(contents.getStringValue());
  const auto [before, after] = signed_parts(pdf, field, bytes);
  PdfSignature signature;
  signature.field = field.name;
  QPDFObjectHandle kind = value.getKey("/SubFilter");
  if (kind.isName()) signature.sub_filter = kind.getName().substr(1);
  signature.cms = without_filling(bytes);
  signature.content = copy_of(before);
  append(signature.content, after);
  signature.whole = after.data() + after.size() == pdf.data() + pdf.size();
  return signature;
}

/// A certification that allows no change (12.8.2.2, DocMDP, P = 1).
bool allows_changes(QPDFObjectHandle root) {
  QPDFObjectHandle permissions = root.getKey("/Perms");
  if (!permissions.isDictionary()) return true;
  QPDFObjectHandle certification = permissions.getKey("/DocMDP");
  if (!certification.isDictionary()) return true;
  QPDFObjectHandle references = certification.getKey("/Reference");
  if (!references.isArray()) return true;
  for (int i = 0; i < references.getArrayNItems(); ++i) {
    QPDFObjectHandle reference = references.getArrayItem(i);
    if (!reference.isDictionary()) continue;
    QPDFObjectHandle parameters = reference.getKey("/TransformParams");
    if (!parameters.isDictionary()) continue;
    QPDFObjectHandle level = parameters.getKey("/P");
    if (level.isInteger() && level.getIntValue() == 1) return false;
  }
  return true;
}

/// `list`, or an empty one, with `item` behind it, as a direct object.
QPDFObjectHandle with_item(QPDFObjectHandle list, const QPDFObjectHandle& item) {
  QPDFObjectHandle longer = list.isArray() ? list.shallowCopy() : QPDFObjectHandle::newArray();
  longer.appendItem(item);
  return longer;
}

QPDFObjectHandle with_field(QPDFObjectHandle form, const QPDFObjectHandle& field) {
  constexpr int kSignaturesExist = 1, kAppendOnly = 2;
  QPDFObjectHandle fresh =
      form.isDictionary() ? form.shallowCopy() : QPDFObjectHandle::newDictionary();
  fresh.replaceKey("/Fields", with_item(fresh.getKey("/Fields"), field));
  fresh.replaceKey("/SigFlags", QPDFObjectHandle::newInteger(kSignaturesExist | kAppendOnly));
  return fresh;
}

/// A name for the field that no other has.
std::string free_name(const Fields& fields) {
  for (unsigned number = 1;; ++number)
    if (std::string name = fmt::format("Signature{}", number); !fields.has_name(name)) return name;
}

/// An update with a signature whose value is not there yet.
class PdfDraft {
 public:
  PdfDraft(BytesView pdf, const std::string& owner, std::time_t time) : pdf_(pdf), update_(pdf) {
    PdfFile file(pdf);
    if (!allows_changes(file.root()))
      throw Failure(Kind::kBadInput,
                    tr("The PDF is certified against every change: one more signature inside would "
                       "break what is there."),
                    tr("Sign it beside the file: without --pdf."));
    try {
      write(file, owner, time);
    } catch (const QPDFExc& error) {
      pdf_is_damaged(error.getMessageDetail());
    }
  }
  PdfDraft(const PdfDraft&) = delete;
  PdfDraft& operator=(const PdfDraft&) = delete;
  ~PdfDraft() = default;

  /// What is to be signed.
  [[nodiscard]] Bytes content() const {
    Bytes content = copy_of(pdf_);
    append(content, to_bytes(text_.substr(0, gap_)));
    append(content, to_bytes(text_.substr(gap_ + kGap)));
    return content;
  }
  [[nodiscard]] Bytes with(const Bytes& cms) const {
    if (cms.size() > kMaxPdfCms)
      throw Failure(Kind::kBadInput, tr("The signature is too long for its place in the PDF."));
    std::string text = text_;
    const std::string hex = to_hex(cms);
    text.replace(gap_ + 1, hex.size(), hex);
    Bytes whole = copy_of(pdf_);
    append(whole, to_bytes(text));
    return whole;
  }

 private:
  static constexpr std::size_t kGap = 2 * kMaxPdfCms + 2;  ///< hex digits between < and >
  static constexpr std::size_t kRange = 80;                ///< room for four numbers

  void write(PdfFile& file, const std::string& owner, std::time_t time) {
    const int value = file.next_number(), widget = value + 1;
    QPDFObjectHandle page = file.first_page();
    add_value(value, owner, time);
    add_widget(file, widget, value, page);
    refer_to(file, page, file.reference(widget));
    update_.finish(file, widget + 1);
    text_ = update_.text();
    gap_ -= pdf_.size();
    range_ -= pdf_.size();
    set_range();
  }

  /// 12.8.1. ETSI.CAdES.detached: signing-time stands here, in M.
  void add_value(int number, const std::string& owner, std::time_t time) {
    std::string body = fmt::format(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
        "/M (D:{:%Y%m%d%H%M%S}Z) /Name {} /ByteRange ",
        fmt::gmtime(time), QPDFObjectHandle::newUnicodeString(owner).unparse());
    const std::size_t range = body.size();
    body += std::string(kRange, ' ') + " /Contents ";
    const std::size_t gap = body.size();
    body += "<" + std::string(kGap - 2, '0') + "> >>";
    const std::size_t begins = update_.add(number, body);
    range_ = begins + range;
    gap_ = begins + gap;
  }
  /// An invisible widget, which is the field as well (12.5.6.19, 12.7.4.5).
  void add_widget(PdfFile& file, int number, int value, QPDFObjectHandle page) {
    constexpr unsigned kPrint = 4, kLocked = 128;
    update_.add(
        number,
        fmt::format("<< /Type /Annot /Subtype /Widget /FT /Sig /T {} /V {} 0 R /F {} "
                    "/Rect [0 0 0 0] /P {} >>",
                    QPDFObjectHandle::newUnicodeString(free_name(Fields(file.root()))).unparse(),
                    value, kPrint | kLocked, page.unparse()));
  }
  /// The page and the form name the new field.
  void refer_to(PdfFile& file, QPDFObjectHandle page, const QPDFObjectHandle& widget) {
    QPDFObjectHandle changed = page.shallowCopy();
    changed.replaceKey("/Annots", with_item(changed.getKey("/Annots"), widget));
    update_.replace(page, changed);
    QPDFObjectHandle root = file.root();
    QPDFObjectHandle form = root.getKey("/AcroForm");
    if (form.isIndirect()) return update_.replace(form, with_field(form, widget));
    QPDFObjectHandle fresh = root.shallowCopy();
    fresh.replaceKey("/AcroForm", with_field(form, widget));
    update_.replace(root, fresh);
  }
  void set_range() {
    const std::size_t gap = pdf_.size() + gap_, behind = gap + kGap;
    const std::string range =
        fmt::format("[0 {} {} {}]", gap, behind, pdf_.size() + text_.size() - behind);
    text_.replace(range_, range.size(), range);
  }

  BytesView pdf_;
  PdfUpdate update_;
  std::string text_;
  std::size_t gap_ = 0, range_ = 0;  ///< where the value and its range stand, from text_'s begin
};

}  // namespace

bool is_pdf(BytesView file) {
  constexpr std::string_view kMagic = "%PDF-";
  return file.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), file.begin(),
                    [](char c, Byte byte) { return static_cast<Byte>(c) == byte; });
}

std::vector<PdfSignature> read_pdf_signatures(BytesView pdf) {
  PdfFile file(pdf);
  std::vector<PdfSignature> signatures;
  try {
    const Fields fields(file.root());
    for (const Field& field : fields.filled()) signatures.push_back(read_signature(pdf, field));
  } catch (const QPDFExc& error) {
    pdf_is_damaged(error.getMessageDetail());
  }
  std::ranges::stable_sort(signatures, {},
                           [](const PdfSignature& one) { return one.content.size(); });
  return signatures;
}

void check_pdf(BytesView pdf) { static_cast<void>(PdfDraft(pdf, {}, 0)); }

Bytes sign_pdf(BytesView pdf, const std::string& owner, std::time_t time, const MakeCms& make_cms) {
  const PdfDraft draft(pdf, owner, time);
  return draft.with(make_cms(draft.content()));
}

}  // namespace kilt::tool
