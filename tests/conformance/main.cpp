// test-conformance: the rules of PKCS#11, tried on any module.
#include <csignal>
#include <cstring>
#include <iostream>

#include <CLI/CLI.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/deviations.h"
#include "tests/conformance/module.h"

using namespace kilt::conformance;

namespace {

/// Tests after which a module may be dead: each in a process of its own.
std::vector<std::string> dangerous_tests() {
  std::vector<std::string> names;
  const auto& program = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < program.total_test_suite_count(); ++i) {
    const auto& suite = *program.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const std::string name = suite.GetTestInfo(j)->name();
      if (name.starts_with("Absurd") || name.starts_with("Null"))
        names.push_back(std::string(suite.name()) + "." + name);
    }
  }
  return names;
}

/// What GoogleTest does with one test, in a child: its end as words, empty if it was good.
std::string run_alone(const std::string& test) {
  std::fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    load_module();
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());  // NOLINT: as GoogleTest wants it
    testing::GTEST_FLAG(filter) = test;
    _exit(RUN_ALL_TESTS());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) return std::string("the module crashes: ") + strsignal(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : "a wrong answer (run this test alone to see it)";
}

struct Setup {
  std::string table = KILT_DEVIATIONS, json;
  bool quiet = false;
};

/// In a child, so that the module of this process is not initialised before a fork.
void initialise_in_child() {
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      load_module();
      initialise_token();
      _exit(0);
    } catch (const std::exception& error) {
      std::cerr << "test-conformance: " << error.what() << "\n";
      _exit(1);
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error("the token cannot be initialised");
}

int run(const Setup& setup) {
  if (!options().label.empty()) initialise_in_child();
  auto* judge = new Judge(options().name, read_deviations(setup.table), setup.quiet);  // NOLINT
  std::string filter = testing::GTEST_FLAG(filter);
  if (filter == "*") {
    filter = "*-";
    for (const std::string& test : dangerous_tests()) {
      judge->add(test, run_alone(test));
      filter += test + ":";
    }
    testing::GTEST_FLAG(filter) = filter;
  }
  load_module();
  auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());  // NOLINT: as GoogleTest wants it
  listeners.Append(judge);
  const bool all_passed = RUN_ALL_TESTS() == 0;
  const bool good = judge->summary();  // by the table, not by GoogleTest
  if (!setup.json.empty()) judge->write_json(setup.json);
  if (all_passed && !good) std::cerr << "test-conformance: see above\n";
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  Setup setup;
  CLI::App app("The rules of PKCS#11 tried on a module; GoogleTest's options work too.",
               "test-conformance");
  app.add_option("--module", options().module, "path of the module")->required();
  app.add_option("--as", options().name, "its name in the table of deviations")->required();
  app.add_option("--slot", options().slot, "slot (default: the first with a token)");
  app.add_option("--pin", options().pin, "user PIN")->required();
  app.add_option("--so-pin", options().so_pin, "SO PIN; without it nothing is tried as SO");
  app.add_option("--initialise", options().label,
                 "erase the token first: a new one with this label and these PINs");
  auto* remove = app.add_option("--remove", options().remove_command,
                                "shell command that takes the token out");
  app.add_option("--insert", options().insert_command, "shell command that puts it in again")
      ->needs(remove);
  app.add_option("--deviations", setup.table, "table of known deviations")->capture_default_str();
  app.add_option("--json", setup.json, "file for the results");
  app.add_flag("--quiet", setup.quiet, "only what is not as it should be");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(setup);
  } catch (const std::exception& error) {
    std::cerr << "test-conformance: " << error.what() << "\n";
    return 2;
  }
}
