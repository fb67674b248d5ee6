// What `pgsteer -c` says about a file: each keyword that is not honoured, with its line and the
// reason, in three groups. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace pgsteer::config {

// Lines with a newline each; within a group in the order of files and lines.
std::string check_report(const std::vector<KeywordUse>& uses);

}  // namespace pgsteer::config
