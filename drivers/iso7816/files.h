// Files of a card about which nothing is known but the standard: SELECT in whichever form the card
// takes, READ BINARY, READ RECORD (ISO/IEC 7816-4:2013, 11.2 to 11.4). Only reads.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "apdu/card.h"
#include "drivers/pkcs15/files.h"
#include "drivers/profile/commands.h"

namespace kilt::iso7816 {

/// Where the card's keys are and relative paths begin: at most one of the three is set.
struct ApplicationSelection {
  std::vector<CommandTemplate> select;  ///< a profile's commands
  Bytes aid;                            ///< an application, selected by name
  Bytes path;                           ///< a DF, file ids from the MF on
  Bytes witness;                        ///< id of an EF there by which it is known again
};

class Files : public pkcs15::Files {
 public:
  explicit Files(apdu::Card& card) : card_(&card) {}

  void set_application(ApplicationSelection application) {
    application_ = std::move(application);
    entered_ = false;
  }
  /// The card was reset, or a command selected something else.
  void forget() noexcept { entered_ = false; }

  /// Selects an application by its name. False if it is not there (or the card says no in any
  /// other way than by a login).
  bool select_name(BytesView aid);
  /// Absolute if it begins with 3F00 (or the place's AID), else relative to the place. Answers the
  /// size, kUnknownSize if the card does not give it.
  std::size_t select(BytesView path) override;
  /// Fewer bytes only at the end of the file; a record file's records come one after the other.
  Bytes read(std::size_t offset, std::size_t length) override;
  std::optional<Bytes> record(std::size_t number) override;

  /// Calls work() with the place selected. The place is believed to be still selected since the
  /// last time: selecting an application again would drop the login on many cards. If the card
  /// then does not know what the work names, and the place turns out to have been left, it is
  /// selected and the work done once more.
  template <typename Work>
  auto in_application(Work work) {
    const bool fresh = enter();
    try {
      return work();
    } catch (const NotLoggedIn&) {
      throw;
    } catch (const ObjectNotFound&) {
      if (fresh || still_there()) throw;
    } catch (const NotSupported&) {
      if (fresh || still_there()) throw;
    } catch (const CardFault&) {
      if (fresh || still_there()) throw;
    }
    entered_ = false;
    enter();
    return work();
  }

  /// What READ BINARY's 15-bit offset can reach.
  static constexpr std::size_t kUnknownSize = 0x8000;

 private:
  enum class Way { kUnknown, kPath, kSteps };

  bool enter();
  bool still_there();
  apdu::Response select_command(Byte how, BytesView name);
  apdu::Response select_absolute(BytesView path);
  apdu::Response select_steps(BytesView path);
  apdu::Response select_relative(BytesView path);
  Bytes read_records();

  apdu::Card* card_;
  ApplicationSelection application_;
  bool entered_ = false;
  Way way_ = Way::kUnknown;
  std::optional<bool> has_records_;  ///< the selected EF, if the card says
  bool said_empty_ = false;          ///< the selected EF: size 0, which some cards say of any
  std::size_t block_ = 256;          ///< bytes that the card gives at a time
  std::optional<Byte> answer_form_;  ///< P2 of SELECT that the card takes
  std::set<Byte> refused_ways_;      ///< P1 of SELECT, each form of which the card refused
  bool select_ef_by_parent_ = true;  ///< P1 02
};

/// The EF is one of records, by the file descriptor in a SELECT answer; nothing if it does not
/// tell.
[[nodiscard]] std::optional<bool> records_in_fci(BytesView answer);
/// The size in a SELECT answer (tags 80 or 81 in 6F or 62), nothing if it has none.
[[nodiscard]] std::optional<std::size_t> size_in_fci(BytesView answer);

}  // namespace kilt::iso7816
