// What modules are known to do otherwise than these tests expect: deviations.txt. A row that no
// longer holds is an error, so that the table says what is true. Where the standard decides against
// the module the test "deviates", where it leaves both open it "differs".
#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kilt::conformance {

struct Deviation {
  std::string test;    ///< Suite.Name, as GoogleTest names it; * and ? are wild
  std::string module;  ///< name given by --as; * and ? are wild
  std::string what;    ///< what the module does
  std::string clause;  ///< of the standard
  std::string right;   ///< who is right, and why: "the test: ..." or "both: ..."
  [[nodiscard]] bool open() const { return right.starts_with("both:"); }
};

/// Throws std::runtime_error with the line that is wrong.
std::vector<Deviation> read_deviations(const std::string& path);

enum class Status { kPassed, kSkipped, kDiffers, kDeviates, kFailed, kStale };
struct Result {
  std::string test;
  Status status = Status::kPassed;
  std::string message;  ///< why skipped, what failed
  const Deviation* row = nullptr;
};
const char* name_of(Status status);

/// How a test ended: `message` is what failed, or why it was skipped.
struct Outcome {
  enum class End { kPassed, kSkipped, kFailed };
  End end = End::kPassed;
  std::string message;
};
Outcome outcome_of(const ::testing::TestResult& result);
void print_failure(const ::testing::TestPartResult& result);

/// Prints one line for each test and judges it by the table.
class Judge : public ::testing::EmptyTestEventListener {
 public:
  Judge(std::string module, std::vector<Deviation> table, bool quiet)
      : module_(std::move(module)), table_(std::move(table)), quiet_(quiet) {}
  void OnTestPartResult(const ::testing::TestPartResult& result) override;
  void OnTestEnd(const ::testing::TestInfo& info) override;

  /// Judges a test that was run elsewhere.
  void add(const std::string& test, const Outcome& outcome);
  [[nodiscard]] const std::vector<Result>& results() const noexcept { return results_; }
  /// True if nothing failed, no row is stale and something was tested.
  bool summary() const;
  /// The results as JSON. Throws std::runtime_error.
  void write_json(const std::string& path) const;

 private:
  [[nodiscard]] const Deviation* row_for(const std::string& test) const;
  std::string module_;
  std::vector<Deviation> table_;
  bool quiet_;
  std::vector<Result> results_;
};

}  // namespace kilt::conformance
