#include "tests/conformance/children.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/module.h"

namespace kilt::conformance {
namespace {

std::vector<std::string> all_tests() {
  std::vector<std::string> names;
  const auto& program = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const auto& suite = *program.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j)
      names.push_back(std::string(suite.name()) + "." + suite.GetTestInfo(j)->name());
  }
  return names;
}
/// A module may be dead after these even if it lives: each in a process of its own.
bool is_dangerous(const std::string& test) {
  return test.find(".Absurd") != std::string::npos || test.find(".Null") != std::string::npos;
}
/// Goes last: where such a key is refused OpenSC leaves a file of it, and makes no other after it.
bool may_spoil_the_token(const std::string& test) {
  return test == "ImportedKeys.NumbersMayBeShort";
}

/// Tells the parent of each test as it begins and ends. A word ends with a zero.
class Teller : public ::testing::EmptyTestEventListener {
 public:
  Teller(int pipe, bool quiet) : pipe_(pipe), quiet_(quiet) {}
  void OnTestStart(const ::testing::TestInfo& info) override {
    tell(std::string(info.test_suite_name()) + "." + info.name());
  }
  void OnTestPartResult(const ::testing::TestPartResult& result) override {
    if (!quiet_) print_failure(result);
  }
  void OnTestEnd(const ::testing::TestInfo& info) override {
    const Outcome outcome = outcome_of(*info.result());
    const std::string& message = outcome.message;
    tell(std::to_string(static_cast<int>(outcome.end)) + message.substr(0, message.find('\0')));
  }

 private:
  void tell(const std::string& word) {
    static_cast<void>(std::fflush(stdout));
    for (std::size_t at = 0; at <= word.size();) {  // the zero too
      const ssize_t size = write(pipe_, word.c_str() + at, word.size() + 1 - at);
      if (size <= 0) _exit(3);
      at += static_cast<std::size_t>(size);
    }
  }
  int pipe_;
  bool quiet_;
};

/// Reads the words of a Teller.
class Listener {
 public:
  explicit Listener(int pipe) : pipe_(pipe) {}
  /// False at the end.
  bool next(std::string& word) {
    word.clear();
    for (char letter = 0; read(pipe_, &letter, 1) == 1;) {
      if (letter == 0) return true;
      word += letter;
    }
    return false;
  }

 private:
  int pipe_;
};

/// Runs these tests in a child, which the module may end, and judges them as far as it comes.
/// Returns how many are done: at least one.
std::size_t run_in_child(const std::vector<std::string>& tests, bool quiet, Judge& judge) {
  using End = Outcome::End;
  std::string filter;
  for (const std::string& test : tests) filter += test + ":";
  static_cast<void>(std::fflush(stdout));
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe can be made");
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    load_module();
    without_printer();
    ::testing::UnitTest::GetInstance()->listeners().Append(new Teller(ends[1], quiet));  // NOLINT
    testing::GTEST_FLAG(filter) = filter;
    const int code = RUN_ALL_TESTS();
    std::exit(code);  // with the module's own end, and a sanitizer's
  }
  close(ends[1]);
  Listener listener(ends[0]);
  std::size_t done = 0;
  bool failed = false;
  std::string test, end;
  while (listener.next(test)) {
    Outcome outcome{End::kFailed, ""};
    const bool ended = listener.next(end);
    if (ended) outcome = {static_cast<End>(end[0] - '0'), end.substr(1)};
    int status = 0;
    if (!ended) waitpid(pid, &status, 0);
    if (!ended && WIFSIGNALED(status))
      outcome.message = std::string("the program crashes: ") + strsignal(WTERMSIG(status));
    else if (!ended)
      outcome.message =
          "the module ends the program, status " + std::to_string(WEXITSTATUS(status));
    failed = failed || outcome.end == End::kFailed;
    judge.add(test, outcome);
    ++done;
    if (!ended) {
      close(ends[0]);
      return done;
    }
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  if (done != tests.size()) throw std::runtime_error("the tests end before the last");
  if (!failed && status != 0)
    judge.add("Program.EndsWell", {End::kFailed, "a bad end after all tests were good"});
  return done;
}

}  // namespace

void without_printer() {
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());  // NOLINT: as GoogleTest wants it
}

void run_all_in_children(bool quiet, Judge& judge) {
  std::vector<std::string> rest, last;
  for (const std::string& test : all_tests()) {
    if (is_dangerous(test))
      run_in_child({test}, quiet, judge);
    else if (may_spoil_the_token(test))
      last.push_back(test);
    else
      rest.push_back(test);
  }
  while (!rest.empty()) {
    const std::size_t done = run_in_child(rest, quiet, judge);
    rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(done));
  }
  for (const std::string& test : last) run_in_child({test}, quiet, judge);
}

}  // namespace kilt::conformance
