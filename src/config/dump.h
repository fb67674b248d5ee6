// A Config as text, one fact a line, always in the same order: for tests and for people who ask
// what their file means. Passwords are not in it. Pure.
#pragma once

#include <string>

#include "config/config.h"

namespace pgsteer::config {

std::string dump(const Config& config);

}  // namespace pgsteer::config
