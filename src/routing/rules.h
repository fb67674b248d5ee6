// Rules: what a frontend asks of a client before it is served, and where it goes. Part of the
// routing table's rows, immutable; asked by workers. Made by health/rules.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/condition.h"
#include "base/match.h"
#include "routing/fetches.h"
#include "routing/stick_table.h"

namespace pgsteer::routing {

struct Sample {
    Fetch fetch = nullptr;
    Arguments arguments;
};

struct Test {
    Sample sample;
    Match match;
};

struct Rule {
    RuleAction action = RuleAction::accept;
    Sample sample;
    Condition<Test> condition;
    // track, increment, assign; the last two lines: as in config/rules, of other actions, too.
    std::shared_ptr<StickTable> table;
    unsigned counter = 0;
    bool second = false;
    std::uint64_t number = 0;
};

struct StickRule {
    bool matches = false;
    bool stores = false;
    Sample key;
    std::shared_ptr<StickTable> table;
    Condition<Test> condition;
};

struct BackendChoice {
    BackendId backend{};
    Condition<Test> condition;
};

struct ServerChoice {
    ServerId server{};
    Condition<Test> condition;
};

struct FrontRules {
    std::vector<Rule> connection, session, content;
    std::vector<BackendChoice> backends;
    milliseconds inspect_delay{0};
    bool needs_destination = false;  // a fetch asks where the client called
};

struct BackRules {
    std::vector<Rule> content;
    std::vector<ServerChoice> servers;
    std::vector<StickRule> sticks;
    milliseconds inspect_delay{0};
    bool needs_destination = false;
};

Truth holds(const Condition<Test>& condition, const Facts& facts);

// The first choice that holds, or that may hold once servers are judged.
struct Chosen {
    Truth truth = Truth::no;
    BackendId backend{};  // unless `no`
};
Chosen choose_backend(const FrontRules& rules, const Facts& facts);
// The first choice that holds and may be used, or may once it is judged. One that drains may, as in
// HAProxy: it is named.
struct ChosenServer {
    Truth truth = Truth::no;
    ServerId server{};  // unless `no`
};
ChosenServer choose_server(const BackRules& rules, const Facts& facts);

// The server where a client's key went before; none: there is none, or it is not usable now.
std::optional<ServerId> stuck_server(const BackRules& rules, const Facts& facts);
// Keeps where the client went.
void keep_server(const BackRules& rules, const Facts& facts, ServerId server);

// What the rule works with; nothing when it takes no value, or has its key already.
Sampled sampled_for(const Rule& rule, const Facts& facts);
// HAProxy waits for the last form of a key, and for the first of a captured value.
bool awaits_more(const Rule& rule, const Sampled& sampled, const Facts& facts);

// Walks rules from `next` on until one accepts or rejects, or what is known does not suffice: then
// `next` is the one that asks for more, and those before it have had their say. What a rule does
// beside that is for `act(rule, sampled)` on the way.
enum class Passage : std::uint8_t { accepted, rejected, dropped, undecided };
template <class Act>
Passage pass(const std::vector<Rule>& rules, const Facts& facts, std::uint32_t& next, Act act) {
    for (; next < rules.size(); ++next) {
        const Rule& rule = rules[next];
        const Truth truth = holds(rule.condition, facts);
        if (truth == Truth::unknown) return Passage::undecided;
        if (truth == Truth::no) continue;
        if (rule.action == RuleAction::accept) return Passage::accepted;
        if (rule.action == RuleAction::reject) return Passage::rejected;
        if (rule.action == RuleAction::silent_drop) return Passage::dropped;
        const Sampled sampled = sampled_for(rule, facts);
        if (awaits_more(rule, sampled, facts)) return Passage::undecided;
        act(rule, sampled);
    }
    return Passage::accepted;
}

}  // namespace pgsteer::routing
