#include "tests/conformance/deviations.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include <fnmatch.h>
#include <nlohmann/json.hpp>

namespace kilt::conformance {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t bar = 0; bar != std::string::npos; start = bar + 1) {
    bar = line.find('|', start);
    parts.push_back(trimmed(line.substr(start, bar - start)));
  }
  return parts;
}

bool matches(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

}  // namespace

std::vector<Deviation> read_deviations(const std::string& path) {
  std::ifstream file(path);
  if (!file || file.peek() == std::ifstream::traits_type::eof())
    throw std::runtime_error(path + ": cannot be read, or is empty");
  std::vector<Deviation> rows;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (trimmed(line).empty() || line.front() == '#') continue;
    const auto parts = split(line);
    const bool complete = parts.size() == 5 &&
                          std::ranges::none_of(parts, [](const auto& one) { return one.empty(); });
    if (!complete)
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": five columns are wanted: test | module | what | clause | right");
    const std::string& right = parts[4];
    if (!right.starts_with("the test: ") && !right.starts_with("both: "))
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": 'the test: ' or 'both: ' says who is right");
    rows.push_back({parts[0], parts[1], parts[2], parts[3], parts[4]});
  }
  return rows;
}

const char* name_of(Status status) {
  switch (status) {
    case Status::kPassed:
      return "passed";
    case Status::kSkipped:
      return "skipped";
    case Status::kDiffers:
      return "differs";
    case Status::kDeviates:
      return "deviates";
    case Status::kFailed:
      return "failed";
    default:
      return "stale";
  }
}

const Deviation* Judge::row_for(const std::string& test) const {
  const auto found = std::ranges::find_if(table_, [&](const Deviation& row) {
    return matches(row.test, test) && matches(row.module, module_);
  });
  return found == table_.end() ? nullptr : &*found;
}

void print_failure(const ::testing::TestPartResult& result) {
  if (!result.failed()) return;
  std::printf("      %s:%d\n      %s\n", result.file_name() == nullptr ? "" : result.file_name(),
              result.line_number(), result.message());
}

void Judge::OnTestPartResult(const ::testing::TestPartResult& result) {
  if (!quiet_) print_failure(result);
}

Outcome outcome_of(const ::testing::TestResult& result) {
  Outcome outcome;
  if (result.Failed())
    outcome.end = Outcome::End::kFailed;
  else if (result.Skipped())
    outcome.end = Outcome::End::kSkipped;
  for (int i = 0; i < result.total_part_count() && outcome.message.empty(); ++i)
    if (!result.GetTestPartResult(i).passed())
      outcome.message = result.GetTestPartResult(i).message();
  return outcome;
}

void Judge::OnTestEnd(const ::testing::TestInfo& info) {
  add(std::string(info.test_suite_name()) + "." + info.name(), outcome_of(*info.result()));
}

void Judge::add(const std::string& test, const Outcome& outcome) {
  using End = Outcome::End;
  Result result{test, Status::kPassed, outcome.message, row_for(test)};
  if (outcome.end == End::kFailed && result.row == nullptr)
    result.status = Status::kFailed;
  else if (outcome.end == End::kFailed)
    result.status = result.row->open() ? Status::kDiffers : Status::kDeviates;
  else if (outcome.end == End::kSkipped &&
           (result.row == nullptr || result.row->test.ends_with('*')))
    result.status = Status::kSkipped;
  else if (result.row != nullptr)
    result.status = Status::kStale;
  std::string line = result.message.substr(0, result.message.find('\n'));
  if (result.status == Status::kDeviates || result.status == Status::kDiffers)
    line = result.row->what;
  if (result.status == Status::kStale) line = "the row of deviations.txt does not hold any more";
  if (result.status != Status::kPassed || !quiet_)
    std::printf("%-8s %s%s%s\n", name_of(result.status), result.test.c_str(),
                line.empty() ? "" : ": ", line.c_str());
  static_cast<void>(std::fflush(stdout));
  results_.push_back(std::move(result));
}

bool Judge::summary() const {
  const auto count = [&](Status status) {
    return std::ranges::count(results_, status, &Result::status);
  };
  std::printf(
      "%s: %td passed, %td skipped, %td differ and %td deviate as known, %td failed, %td stale "
      "rows\n",
      module_.c_str(), count(Status::kPassed), count(Status::kSkipped), count(Status::kDiffers),
      count(Status::kDeviates), count(Status::kFailed), count(Status::kStale));
  return count(Status::kFailed) == 0 && count(Status::kStale) == 0 && count(Status::kPassed) > 0;
}

void Judge::write_json(const std::string& path) const {
  auto document = nlohmann::json::array();
  for (const Result& result : results_) {
    nlohmann::json row{{"test", result.test},
                       {"module", module_},
                       {"status", name_of(result.status)},
                       {"message", result.message}};
    if (result.row != nullptr) {
      row["what"] = result.row->what;
      row["clause"] = result.row->clause;
      row["right"] = result.row->right;
    }
    document.push_back(std::move(row));
  }
  std::ofstream file(path);
  file << document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  if (!file) throw std::runtime_error(path + ": cannot be written");
}

}  // namespace kilt::conformance
