// Signatures inside PDFs. The files are written by hand or by libqpdf's writer, the signatures made
// and verified by OpenSSL: neither knows the update that is tested.
#include "tools/signing/pdf.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/cms.h>

#include "tests/support/x509_maker.h"
#include "tools/signing/libqpdf.h"
#include "tools/terminal/failure.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

using testing::HasSubstr;

constexpr std::time_t kTime = 1'800'000'000;  // 2027-01-15

Bytes bytes_of(std::string_view text) { return to_bytes(text); }
std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// Objects one after the other with a classic table, and what the trailer has beside.
Bytes written(const std::vector<std::string>& objects, const std::string& trailer = "") {
  std::string pdf = "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", table;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    char line[32];
    std::snprintf(line, sizeof line, "%010zu 00000 n \n", pdf.size());
    table += line;
    pdf += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  const std::string size = std::to_string(objects.size() + 1);
  const std::size_t at = pdf.size();
  pdf += "xref\n0 " + size + "\n0000000000 65535 f \n" + table + "trailer\n<< /Size " + size +
         " /Root 1 0 R " + trailer + ">>\nstartxref\n" + std::to_string(at) + "\n%%EOF";
  return bytes_of(pdf);
}
const std::vector<std::string> kPlain{
    "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R >>",
    "<< /Length 44 >>\nstream\nBT /F1 24 Tf 20 100 Td (I owe you 100) Tj ET\n\nendstream"};
Bytes plain() { return written(kPlain); }

/// The same file by libqpdf's writer.
Bytes rewritten(const Bytes& pdf, const std::function<void(QPDFWriter&)>& how) {
  QPDF source;
  source.processMemoryFile("PDF", reinterpret_cast<const char*>(pdf.data()), pdf.size());
  QPDFWriter writer(source);
  writer.setOutputMemory();
  how(writer);
  writer.write();
  const auto buffer = writer.getBufferSharedPointer();
  return {buffer->getBuffer(), buffer->getBuffer() + buffer->getSize()};
}

class Pdf : public testing::Test {
 protected:
  Pdf() : key_(EVP_RSA_gen(2048)), certificate_(test::self_signed_x509("OWNER", key_.get())) {}

  [[nodiscard]] Bytes cms(BytesView content) const {
    const BioPtr in(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    const Owned<CMS_ContentInfo, CMS_ContentInfo_free> made(
        CMS_sign(certificate_.get(), key_.get(), nullptr, in.get(), CMS_DETACHED | CMS_BINARY));
    return to_der(made.get(), i2d_CMS_ContentInfo);
  }
  [[nodiscard]] Bytes sign(const Bytes& pdf, const std::string& owner = "OWNER") const {
    return sign_pdf(pdf, owner, kTime, [this](BytesView content) { return cms(content); });
  }
  [[nodiscard]] bool verifies(const PdfSignature& signature) const {
    const unsigned char* der = signature.cms.data();
    const Owned<CMS_ContentInfo, CMS_ContentInfo_free> parsed(
        d2i_CMS_ContentInfo(nullptr, &der, static_cast<long>(signature.cms.size())));
    const BioPtr in(
        BIO_new_mem_buf(signature.content.data(), static_cast<int>(signature.content.size())));
    return parsed && CMS_verify(parsed.get(), nullptr, nullptr, in.get(), nullptr,
                                CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
  }
  /// Signed, it begins as it was, another reader finds nothing to complain of, and it verifies.
  Bytes expect_signed(const Bytes& pdf, std::size_t signatures = 1) {
    const Bytes result = sign(pdf);
    EXPECT_TRUE(std::equal(pdf.begin(), pdf.end(), result.begin()));
    QPDF reader;
    reader.setSuppressWarnings(true);
    reader.processMemoryFile("PDF", reinterpret_cast<const char*>(result.data()), result.size());
    EXPECT_EQ(1U, reader.getAllPages().size());
    EXPECT_FALSE(reader.anyWarnings()) << reader.getWarnings().front().what();
    const auto all = read_pdf_signatures(result);
    EXPECT_EQ(signatures, all.size());
    for (const PdfSignature& one : all) EXPECT_TRUE(verifies(one)) << one.field;
    EXPECT_TRUE(all.back().whole);
    for (std::size_t i = 0; i + 1 < all.size(); ++i) EXPECT_FALSE(all[i].whole);
    return result;
  }
  static std::string refusal(const Bytes& pdf) {
    try {
      static_cast<void>(sign_pdf(pdf, "OWNER", kTime, [](BytesView) -> Bytes {
        ADD_FAILURE() << "the key was used";
        return {};
      }));
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "signed";
  }

  PkeyPtr key_;
  X509Ptr certificate_;
};

TEST_F(Pdf, WithATable) {
  const Bytes result = expect_signed(plain());
  EXPECT_EQ("Signature1", read_pdf_signatures(result)[0].field);
  EXPECT_EQ("ETSI.CAdES.detached", read_pdf_signatures(result)[0].sub_filter);
  EXPECT_THAT(text_of(result), HasSubstr("/M (D:20270115080000Z)"));
}

TEST_F(Pdf, WithAStreamOfReferences) {
  const Bytes pdf =
      rewritten(plain(), [](QPDFWriter& writer) { writer.setObjectStreamMode(qpdf_o_generate); });
  const Bytes result = expect_signed(pdf);
  const std::string update = text_of(result).substr(pdf.size());
  EXPECT_THAT(update, HasSubstr("/Type /XRef")) << "a table must not follow a stream";
  EXPECT_THAT(update, testing::Not(HasSubstr("trailer")));
}

TEST_F(Pdf, WithBoth) {  // a hybrid file: a table whose trailer names a stream (7.5.8.4)
  Bytes pdf = plain();
  std::string text = text_of(pdf);
  const auto trailer = text.find("trailer");
  const std::string stream =
      "5 0 obj\n<< /Type /XRef /Size 6 /W [1 2 1] /Index [5 1] /Root 1 0 R /Length 4 "
      ">>\nstream\n" +
      std::string("\x01\x00\x00\x00", 4) + "\nendstream\nendobj\n";
  const auto table = text.find("xref\n0 5");
  text.insert(table, stream);
  const auto named = text.find("/Root 1 0 R", text.find("trailer", trailer));
  text.insert(named, "/XRefStm " + std::to_string(table) + " ");
  const auto start = text.rfind("startxref\n") + 10;
  text.replace(start, text.find('\n', start) - start, std::to_string(table + stream.size()));
  expect_signed(bytes_of(text));
}

TEST_F(Pdf, MadeForTheWeb) {
  expect_signed(rewritten(plain(), [](QPDFWriter& writer) { writer.setLinearization(true); }));
}

TEST_F(Pdf, SeveralSigners) {
  const Bytes first = expect_signed(plain());
  const Bytes second = expect_signed(first, 2);
  expect_signed(second, 3);
  const Bytes streams =
      rewritten(plain(), [](QPDFWriter& writer) { writer.setObjectStreamMode(qpdf_o_generate); });
  expect_signed(expect_signed(streams), 2);
}

TEST_F(Pdf, FormsAndAnnotationsThatAreThereStay) {
  auto objects = kPlain;
  objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm 5 0 R >>";
  objects[2] = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots 6 0 R >>";
  objects.emplace_back("<< /Fields [7 0 R] /DA (/Helv 0 Tf) >>");
  objects.emplace_back("[7 0 R << /Type /Annot /Subtype /Text /Rect [0 0 9 9] >>]");
  objects.emplace_back(
      "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Signature1) /V (text) /Rect [0 0 9 9] >>");
  const Bytes result = expect_signed(written(objects));
  EXPECT_EQ("Signature2", read_pdf_signatures(result)[0].field) << "a text field has the name";
  QPDF reader;
  reader.processMemoryFile("PDF", reinterpret_cast<const char*>(result.data()), result.size());
  QPDFObjectHandle form = reader.getRoot().getKey("/AcroForm");
  EXPECT_EQ(2, form.getKey("/Fields").getArrayNItems());
  EXPECT_EQ("/Helv 0 Tf", form.getKey("/DA").getStringValue());
  EXPECT_EQ(3, QPDFObjectHandle(reader.getAllPages()[0]).getKey("/Annots").getArrayNItems());
}

TEST_F(Pdf, ANameInAnyAlphabet) {
  const Bytes result = sign(plain(), "ӘЛІМОВ (ӘЛІМ) \\");
  QPDF reader;
  reader.processMemoryFile("PDF", reinterpret_cast<const char*>(result.data()), result.size());
  EXPECT_EQ("ӘЛІМОВ (ӘЛІМ) \\", reader.getRoot()
                                    .getKey("/AcroForm")
                                    .getKey("/Fields")
                                    .getArrayItem(0)
                                    .getKey("/V")
                                    .getKey("/Name")
                                    .getUTF8Value());
}

// But in the value itself, which is a matter of CMS.
TEST_F(Pdf, EveryChangeShows) {
  const Bytes result = sign(plain());
  const std::size_t gap = text_of(result).find("/Contents <3") + 10;
  for (std::size_t at = 0; at < result.size(); at += 7) {
    if (at > gap && at <= gap + 2 * kMaxPdfCms) continue;
    Bytes changed = result;
    changed[at] = static_cast<Byte>(changed[at] ^ 0x01);
    try {
      for (const PdfSignature& one : read_pdf_signatures(changed))
        EXPECT_FALSE(verifies(one) && one.whole) << "byte " << at;
    } catch (const Failure&) {
      continue;  // no longer a PDF, or none with a signature that can be read
    }
  }
  Bytes filled = result;
  filled[gap + 2 * kMaxPdfCms] = '1';
  EXPECT_THROW(static_cast<void>(read_pdf_signatures(filled)), Failure) << "behind the CMS";
}

TEST_F(Pdf, WhatStandsBehindASignatureShows) {
  Bytes longer = sign(plain());
  longer.push_back('\n');
  const auto signatures = read_pdf_signatures(longer);
  ASSERT_EQ(1U, signatures.size());
  EXPECT_FALSE(signatures[0].whole);
}

// Whoever leaves more out of a signature than its value can change what is there.
TEST_F(Pdf, ASignatureOfLessThanTheFileIsNone) {
  const Bytes result = sign(plain());
  const std::string text = text_of(result);
  const std::size_t range = text.find("/ByteRange [") + 12;
  const std::size_t gap = std::stoul(text.substr(range + 2));
  const auto with_range = [&](const std::string& numbers) {
    std::string changed = text;
    const std::size_t room = changed.find(" /Contents", range) - range;
    changed.replace(range, room, numbers + "]" + std::string(room - numbers.size() - 1, ' '));
    return bytes_of(changed);
  };
  const std::string behind = std::to_string(gap + 2 * kMaxPdfCms + 2);
  for (const std::string& numbers : std::initializer_list<std::string>{
           "0 9 " + behind + " 9", "1 9 " + behind + " 9", "0 " + std::to_string(gap) + " 9 9",
           "0 " + std::to_string(gap) + " " + behind + " 9999", "0 1 2", "0 -1 2 3", "0 (1) 2 3",
           ""})
    EXPECT_THROW(static_cast<void>(read_pdf_signatures(with_range(numbers))), Failure) << numbers;
}

TEST_F(Pdf, WhatCannotBeSignedIsRefusedBeforeTheKeyIsUsed) {
  EXPECT_THAT(refusal({}), HasSubstr("no PDF"));
  EXPECT_THAT(refusal(bytes_of("plain text")), HasSubstr("no PDF"));
  Bytes damaged = plain();
  damaged.resize(damaged.size() - 20);
  EXPECT_THAT(refusal(damaged), HasSubstr("damaged"));
  for (const char* password : {"", "secret"}) {
    const Bytes encrypted = rewritten(plain(), [&](QPDFWriter& writer) {
      writer.setR6EncryptionParameters(password, "owner", true, true, true, true, true, true,
                                       qpdf_r3p_full, true);
    });
    EXPECT_THAT(refusal(encrypted), HasSubstr("encrypted"));
  }
  auto certified = kPlain;
  certified[0] =
      "<< /Type /Catalog /Pages 2 0 R /Perms << /DocMDP << /Type /Sig /Reference [<< "
      "/TransformMethod "
      "/DocMDP /TransformParams << /P 1 >> >>] >> >> >>";
  EXPECT_THAT(refusal(written(certified)), HasSubstr("certified"));
  auto pageless = kPlain;
  pageless[1] = "<< /Type /Pages /Count 0 /Kids [] >>";
  EXPECT_THAT(refusal(written(pageless)), HasSubstr("Pages"));
  EXPECT_THROW(static_cast<void>(sign_pdf(plain(), "", kTime,
                                          [](BytesView) { return Bytes(kMaxPdfCms + 1, 0x30); })),
               Failure);
}

TEST_F(Pdf, RingsAndCrowdsEnd) {
  auto objects = kPlain;
  objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> >>";
  objects.emplace_back("<< /T (a) /FT /Sig /Kids [5 0 R 6 0 R] >>");
  objects.emplace_back("<< /T (b) /Kids [5 0 R 6 0 R] >>");
  EXPECT_TRUE(read_pdf_signatures(written(objects)).empty());
  expect_signed(written(objects));
  objects[1] = "<< /Type /Pages /Count 1 /Kids [2 0 R] >>";
  EXPECT_THAT(refusal(written(objects)), HasSubstr("Pages"));
  std::string many = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [";
  for (int i = 0; i < 20'000; ++i) many += "<< /T (a) >> ";
  objects = kPlain;
  objects[0] = many + "] >> >>";
  EXPECT_THROW(static_cast<void>(read_pdf_signatures(written(objects))), Failure);
}

TEST_F(Pdf, TruncatedAnywhereItIsRefused) {
  const Bytes whole = sign(plain());
  for (std::size_t size = 0; size < whole.size() - 1; size += 101) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    try {
      for (const PdfSignature& one : read_pdf_signatures(part)) EXPECT_FALSE(verifies(one));
    } catch (const Failure&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace kilt::tool
