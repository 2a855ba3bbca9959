// A PC/SC service inside the test's process: it defines the SCard functions, so that a program
// linked with it never reaches pcscd. Readers and cards come and go on demand, another program
// resets, holds or excludes, and any call can be made to fail with any code.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <winscard.h>

#include "tests/support/memory_transport.h"

namespace kilt::test {

class FakePcsc {
 public:
  /// Puts everything back: service up, no readers, no faults, no handles.
  static void restart_world();

  static void stop_service();
  /// Contexts and connections from before stay invalid, as after a restart of pcscd.
  static void start_service();

  static void add_reader(const std::string& name);
  static void remove_reader(const std::string& name);
  /// nullptr takes the card out. A card with an empty ATR is mute.
  static void insert(const std::string& reader, std::shared_ptr<CardEndpoint> card);
  /// Another program resets the card: each connection gets SCARD_W_RESET_CARD until it reconnects.
  static void reset_by_other(const std::string& reader);
  /// Another program is in a transaction: SCardBeginTransaction waits.
  static void hold_by_other(const std::string& reader, bool held);
  /// Another program is connected exclusively.
  static void exclusive_by_other(const std::string& reader, bool exclusive);

  /// What every reader answers to CM_IOCTL_GET_FEATURE_REQUEST and to any other control code;
  /// empty: it knows no control codes.
  static void control_answers(Bytes features, Bytes other);

  /// Every reader has keys of its own: it verifies PINs, and changes them if `modify`.
  static void give_pads(bool modify);
  /// What the user types at the next request, field after field; nothing: nobody comes in time.
  static void type(std::vector<std::string> entries);
  /// The user presses the key to cancel at the next request.
  static void press_cancel();
  /// Requests to type a PIN so far.
  static unsigned pad_requests();

  /// The n-th call from now on (1: the next) is not carried out but gives `code`.
  static void fail_call(unsigned long n, LONG code);
  /// Runs before the n-th call from now on, outside of every lock.
  static void before_call(unsigned long n, std::function<void()> action);
  /// Calls since the last restart_world() or count_from_now().
  static unsigned long calls();
  static void count_from_now();
  /// Names of these calls, in order.
  static std::vector<std::string> call_names();
  /// Contexts and card handles that are open: leaks show here.
  static std::size_t open_contexts();
  static std::size_t open_handles();
  /// A call is now waiting in SCardBeginTransaction or SCardGetStatusChange.
  static bool somebody_waits();
};

/// This thread is inside an SCard function: what happens there is not the module's doing.
bool inside_pcsc() noexcept;

/// Every error code that winscard.h of PC/SC-Lite knows, and one that it does not.
const std::vector<LONG>& all_pcsc_codes();

}  // namespace kilt::test
