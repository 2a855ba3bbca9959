// libqpdf's headers. What clang 16 finds in JSON.hh of its version 11 is no C++20 (a destructor
// that needs a type which is not complete yet); of that header the name alone is needed here.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#if defined(__clang__) && __clang_major__ < 19
#define JSON_HH  // NOLINT: the header's own guard
class JSON;
#endif
#include <qpdf/QPDF.hh>
#include <qpdf/QPDFExc.hh>
#include <qpdf/QPDFWriter.hh>
