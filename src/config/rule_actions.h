// Actions: what a `tcp-request` line can do. One row each; the documentation is made from them.
// Source: HAProxy 2.6 configuration manual, tcp-request. Pure.
#pragma once

#include <span>
#include <string_view>

#include "base/condition.h"
#include "config/load.h"

namespace pgsteer::config {

enum Ruleset : unsigned { of_connection = 1, of_session = 2, of_content = 4 };
constexpr unsigned of_all = of_connection | of_session | of_content;

struct ActionRow {
    std::string_view name;  // a final '*' stands for any ending
    unsigned where = of_all;
    KeywordClass kind = KeywordClass::honoured;
    RuleAction action = RuleAction::accept;  // honoured
    bool takes_value = false;                // a fetch follows
    std::string_view help = {};              // refused and inert: why
    std::string_view instead = {};
};
std::span<const ActionRow> action_rows();
// The first row that does it: "track-sc0", "sc-inc-gpc0*" ...
std::string_view action_name(RuleAction action);

}  // namespace pgsteer::config
