// test-conformance: the rules of PKCS#11, tried on any module.
#include <iostream>

#include <CLI/CLI.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/conformance/children.h"
#include "tests/conformance/deviations.h"
#include "tests/conformance/fixtures.h"
#include "tests/conformance/module.h"
#include "tests/support/paths.h"

using namespace kilt::conformance;

namespace {

struct Setup {
  std::string table = kilt::test::paths::deviations(), json;
  bool make_objects = false, quiet = false;
};

/// In a child, so that the module of this process is not initialised before a fork.
void prepare_in_child(bool make_objects) {
  const pid_t pid = fork();
  if (pid == 0) {
    try {
      load_module();
      if (!options().label.empty()) initialise_token();
      if (make_objects) make_first_objects();
      _exit(0);
    } catch (const std::exception& error) {
      std::cerr << "test-conformance: " << error.what() << "\n";
      _exit(1);
    }
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error("the token cannot be prepared");
}

int run(const Setup& setup) {
  if (!options().label.empty() || setup.make_objects) prepare_in_child(setup.make_objects);
  Judge judge(options().name, read_deviations(setup.table), setup.quiet);
  if (testing::GTEST_FLAG(filter) == "*") {
    run_all_in_children(setup.quiet, judge);
  } else {
    load_module();
    without_printer();
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    listeners.Append(&judge);
    [[maybe_unused]] const int code = RUN_ALL_TESTS();  // the table judges, not GoogleTest
    listeners.Release(&judge);
  }
  const bool good = judge.summary();
  if (!setup.json.empty()) judge.write_json(setup.json);
  return good ? 0 : 1;
}

int program(int argc, char** argv) {
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
  app.add_flag("--make-objects", setup.make_objects,
               "first make an RSA key with a certificate, where the token takes them");
  auto* remove = app.add_option("--remove", options().remove_command,
                                "shell command that takes the token out");
  app.add_option("--insert", options().insert_command, "shell command that puts it in again")
      ->needs(remove);
  app.add_option("--deviations", setup.table, "table of known deviations")->capture_default_str();
  app.add_option("--json", setup.json, "file for the results");
  app.add_flag("--quiet", setup.quiet, "only what is not as it should be");
  CLI11_PARSE(app, argc, argv);
  return run(setup);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return program(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "test-conformance: " << error.what() << "\n";
    return 2;
  }
}
