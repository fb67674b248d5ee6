// The sections of HAProxy's language: one row each. Those pgsteer does not use keep the list of
// their lines, so that a mistyped section name below them is noticed. Any thread.
#pragma once

#include <span>
#include <string_view>

#include "config/load.h"

namespace pgsteer::config {

struct SectionRow {
    std::string_view name;
    unsigned section = 0;  // Section bit; 0: its lines are passed over
    KeywordClass kind = KeywordClass::honoured;
    std::string_view help = {};
    std::string_view reason = {};
    std::string_view instead = {};
    std::string_view lines = {};  // words that may start a line of it, each followed by a blank
};

std::span<const SectionRow> section_rows();

}  // namespace pgsteer::config
