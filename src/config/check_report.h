// What `pgsteer -c` says about files: each keyword that is not honoured with its line and the
// reason, and advice. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/advice.h"
#include "config/load.h"

namespace pgsteer::config {

// Lines with a newline each; within a group in the order of files and lines.
std::string check_report(const KeywordUses& uses);
std::string advice_report(const std::vector<Advice>& advice);

// Those of one class, in the order of files and lines.
std::vector<const KeywordUse*> of_class(const KeywordUses& uses, KeywordClass kind);

}  // namespace pgsteer::config
