// The keyword tables as documentation: what docs/configuration.md says is what the rows say. Pure.
#pragma once

#include <string>

namespace pgsteer::config {

// Markdown, from "## Sections" on.
std::string keyword_markdown();

}  // namespace pgsteer::config
