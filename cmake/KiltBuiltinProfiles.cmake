# Writes OUTPUT, a C++ file that holds the text of every conf/tokens/*.toml:
#   cmake -DOUTPUT=file.cpp -DFOLDER=conf/tokens -P KiltBuiltinProfiles.cmake
file(GLOB files LIST_DIRECTORIES false ${FOLDER}/*.toml)
list(SORT files)
set(entries "")
list(LENGTH files count)
foreach(file ${files})
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    std::pair<std::string_view, std::string_view>{\"${name}\", R\"TOML(${text})TOML\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from conf/tokens; do not edit.
#include \"drivers/profile/builtin.h\"

#include <array>

namespace kilt {

std::span<const std::pair<std::string_view, std::string_view>> builtin_profiles() {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, ${count}> kProfiles{
${entries}  };
  return kProfiles;
}

}  // namespace kilt
")
