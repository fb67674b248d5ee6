// Rules: `acl`, `use_backend`, `use-server` and `tcp-request` as values. Names of proxies and
// servers stay names here; health/rules gives them their numbers. Immutable; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/condition.h"
#include "base/match.h"
#include "config/location.h"

namespace pgsteer::config {

// What is looked at: "nbsrv(replicas)".
struct Sample {
    std::string fetch;  // a row of fetches.h, by its first name
    std::vector<std::string> arguments;
    std::string text() const;
};

struct Test {
    Sample sample;
    Match match;
};

using Condition = pgsteer::Condition<Test>;
using Term = pgsteer::Term<Test>;

struct Rule {
    RuleAction action = RuleAction::accept;
    Sample sample;             // set_*, capture: the value; track: the key
    std::string table;         // track: whose
    unsigned counter = 0;      // track, increment, assign: sc0, sc1 or sc2; capture: its place
    bool second = false;       // increment: gpc1
    std::uint64_t number = 0;  // assign; set_log_level: which; capture: bytes at most
    Condition condition;
    Location at;
};

// `use_backend NAME if ...`, `use-server NAME if ...`
struct Choice {
    std::string name;
    Condition condition;
    Location at;
};

// What a frontend asks of a client before it is served, in this order.
struct FrontRules {
    std::vector<Rule> connection;  // as soon as it is accepted
    std::vector<Rule> session;     // its PROXY header is read
    std::vector<Rule> content;     // its first bytes may be looked at
    std::vector<Choice> backends;  // the first that holds
    milliseconds inspect_delay{0};
    std::uint32_t captures = 0;  // values that `content` keeps for the session's line
    bool any() const {
        return !connection.empty() || !session.empty() || !content.empty() || !backends.empty();
    }
};

struct BackRules {
    std::vector<Rule> content;
    std::vector<Choice> servers;
    milliseconds inspect_delay{0};
    bool any() const { return !content.empty() || !servers.empty(); }
};

}  // namespace pgsteer::config
