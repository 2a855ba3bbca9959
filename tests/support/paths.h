// Where the build's programs and the tests' data are. The absolute paths stand in one generated
// source, so that a compiler cache knows every other file again in a clone of another name.
#pragma once

namespace kilt::test::paths {

/// tests/data.
const char* data();
/// tests/conformance/deviations.txt.
const char* deviations();
/// SoftHSM's module; its bare name when it is not where Debian puts it.
const char* softhsm();
/// The module as applications load it.
const char* module();
/// Programs of the build.
const char* vtoken();
const char* use_module();
/// Modules of the tests: one that hangs, one that is none, one that lies.
const char* slow_module();
const char* not_a_module();
const char* lying_module();

}  // namespace kilt::test::paths
