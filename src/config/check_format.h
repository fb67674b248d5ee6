// Formats of checks: `send-lf`, `on-error` and their like, the part of HAProxy's log formats that a
// check can know. Pure but for the errors it reports on the line; control thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/check.h"
#include "config/keywords.h"

namespace pgsteer::config {

// "%%", "%[be_name]", "%[srv_name]", "%[hostname]", "%[res.payload(OFFSET,LENGTH)]",
// "%[str(TEXT)]",
// "%[int(N)]". Says the error itself and answers nothing.
std::optional<Format> read_format(Line& line, std::string_view text);
// What stands between the brackets, alone.
std::optional<FormatPart> read_fetch(Line& line, std::string_view text);

}  // namespace pgsteer::config
