// Advice: what a valid configuration would make PostgreSQL or its clients suffer, and how soon a
// death is noticed, in words. Pure; for `pgsteer -c`.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace pgsteer::config {

struct Advice {
    Location at;
    std::string text;
};

// In the order of the file.
std::vector<Advice> advise(const Config& config);

}  // namespace pgsteer::config
