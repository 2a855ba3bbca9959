// Commands of kilt inside of messages: what is advised can be typed as it stands.
#pragma once

#include <string>

namespace kilt::tool {

/// The text as one word of a shell's: in quotes if it needs them.
std::string shell_word(const std::string& text);

/// Puts " --token WORD" to the commands that the text advises in backquotes (`kilt pin change`) and
/// that are about one token, unless they name it already. `word` as of shell_word(); empty: the
/// text as it is.
std::string with_token(const std::string& text, const std::string& word);

/// Which token is meant from now on, as of shell_word(); empty: there is no doubt.
void advise_for(const std::string& word);
/// with_token() for that one: all that is shown to people goes through it.
std::string advised(const std::string& text);

}  // namespace kilt::tool
