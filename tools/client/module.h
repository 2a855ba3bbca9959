// A PKCS#11 module as this tool sees it: loaded, used by the standard alone, and not trusted. Every
// count and length that it reports is bounded before memory is taken or text is shown.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pkcs11/kilt.h"
#include "tools/terminal/bytes.h"

namespace kilt::tool {

struct ModuleInfo {
  std::string description, manufacturer;
  unsigned cryptoki_major = 0, cryptoki_minor = 0, library_major = 0, library_minor = 0;
};

/// CK_SLOT_INFO and CK_TOKEN_INFO, texts trimmed and cleaned.
struct SlotView {
  CK_SLOT_ID id = 0;
  std::string reader;
  bool present = false;  ///< a card is in the reader
  /// Why there is no token in spite of a card: CKR_TOKEN_NOT_RECOGNIZED and the like.
  CK_RV trouble = CKR_OK;
  struct Token {
    CK_TOKEN_INFO raw{};  ///< for pkcs11: URIs
    std::string label, manufacturer, model, serial;
    CK_FLAGS flags = 0;
    unsigned long min_pin = 0, max_pin = 0;  ///< bytes
    std::string hardware, firmware;          ///< "2.1"
    [[nodiscard]] bool has(CK_FLAGS flag) const noexcept { return (flags & flag) != 0; }
  };
  std::optional<Token> token;
};

class Module {
 public:
  /// Loads and initialises. Throws Failure(kModule).
  explicit Module(std::filesystem::path path);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  /// Finalises; the library stays mapped, since not every module survives dlclose.
  ~Module();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }
  ModuleInfo info();
  /// Every slot, with what is in it. Throws Failure.
  std::vector<SlotView> slots();
  /// One slot, asked again.
  SlotView slot(CK_SLOT_ID id);
  /// Every slot with its reader alone: no token is asked.
  std::vector<SlotView> readers();
  /// What is in it, if anything is.
  void look(SlotView& view);
  /// nullopt: the slot does not have it.
  std::optional<CK_MECHANISM_INFO> mechanism(CK_SLOT_ID id, CK_MECHANISM_TYPE type);
  /// C_InitToken; `label` of at most 32 bytes.
  void init_token(CK_SLOT_ID id, const Secret& so_pin, const std::string& label);

 private:
  SlotView reader(CK_SLOT_ID id);

  std::filesystem::path path_;
  const CK_FUNCTION_LIST* functions_ = nullptr;
};

/// Cryptoki's text fields are padded with blanks and not terminated.
std::string padded_text(const unsigned char* text, std::size_t size);

}  // namespace kilt::tool
