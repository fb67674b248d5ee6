#include "routing/rules.h"

namespace pgsteer::routing {
namespace {

// More servers than that in one backend: such a client always waits for their verdicts.
constexpr std::int64_t most_tried = 10'000;

// The same for each value it may have in the end?
Truth foresee(const Match& match, const Range& range) {
    if (range.highest - range.lowest > most_tried) return Truth::unknown;
    const bool first = match.has(Value(range.lowest));
    for (std::int64_t value = range.lowest + 1; value <= range.highest; ++value)
        if (match.has(Value(value)) != first) return Truth::unknown;
    return first ? Truth::yes : Truth::no;
}

Truth ask(const Test& test, const Facts& facts) {
    const Sampled sampled = test.sample.fetch(facts, test.sample.arguments);
    if (sampled.when_judged && facts.may_settle) return foresee(test.match, *sampled.when_judged);
    if (sampled.value && test.match.has(*sampled.value)) return Truth::yes;
    return sampled.may_change && facts.may_grow ? Truth::unknown : Truth::no;
}

}  // namespace

Truth holds(const Condition<Test>& condition, const Facts& facts) {
    return evaluate(condition, [&facts](const Test& test) { return ask(test, facts); });
}

Chosen choose_backend(const FrontRules& rules, const Facts& facts) {
    for (const BackendChoice& choice : rules.backends) {
        const Truth truth = holds(choice.condition, facts);
        if (truth != Truth::no) return {truth, choice.backend};
    }
    return {};
}

ChosenServer choose_server(const BackRules& rules, const Facts& facts) {
    for (const ServerChoice& choice : rules.servers) {
        const Truth truth = holds(choice.condition, facts);
        if (truth == Truth::no) continue;
        const ServerRow& row = facts.table.at(choice.server);
        const bool is_awaited = is_unjudged(row.cause) && facts.may_settle;
        if (truth == Truth::unknown || is_awaited) return {Truth::unknown, choice.server};
        if (row.accepts || row.cause == Cause::draining) return {Truth::yes, choice.server};
    }
    return {};
}

Sampled sampled_for(const Rule& rule, const Facts& facts) {
    const bool has_key = rule.action == RuleAction::track && facts.tracked != nullptr &&
                         facts.tracked->keys[rule.counter].table;
    if (rule.sample.fetch == nullptr || has_key) return {};
    return rule.sample.fetch(facts, rule.sample.arguments);
}

bool awaits_more(const Rule& rule, const Sampled& sampled, const Facts& facts) {
    if (!facts.may_grow || !sampled.may_change) return false;
    return rule.action == RuleAction::track ||
           (rule.action == RuleAction::capture && !sampled.value);
}

}  // namespace pgsteer::routing
