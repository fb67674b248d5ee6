// The lines of one file: splits them, follows the sections and gives each line to its keyword's
// row. Writes into a Draft and its diagnostics; never stops at a mistake. Control thread.
#pragma once

#include <string>
#include <string_view>

#include "config/keywords.h"
#include "config/words.h"

namespace pgsteer::config {

void read_text(Draft& draft, std::string_view text, const std::string& file_name,
               const Environment& environment);

}  // namespace pgsteer::config
