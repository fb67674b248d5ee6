// A Config as text, one fact a line, always in the same order: for tests and for people who ask
// what their file means. Passwords are not in it. Pure.
#pragma once

#include <string>

#include "config/config.h"

namespace pgsteer::config {

std::string dump(const Config& config);
// Of a check: one line a step.
std::vector<std::string> words(const Check& check);
// Of rules: one line each.
std::vector<std::string> words(const FrontRules& rules);
std::vector<std::string> words(const BackRules& rules);
std::string words(const PageRule& rule);
std::string words(const Condition& condition);  // " if ..."
// In quotes, with \x.. for bytes that are not to be shown.
std::string quoted(const std::string& value);

}  // namespace pgsteer::config
