#include "routing/rules.h"

namespace pgsteer::routing {
namespace {

Truth ask(const Test& test, const Facts& facts) {
    const Sampled sampled = test.sample.fetch(facts, test.sample.arguments);
    if (sampled.value && test.match.has(*sampled.value)) return Truth::yes;
    return sampled.may_change && facts.may_grow ? Truth::unknown : Truth::no;
}

}  // namespace

Truth holds(const Condition<Test>& condition, const Facts& facts) {
    return evaluate(condition, [&facts](const Test& test) { return ask(test, facts); });
}

std::optional<BackendId> choose_backend(const FrontRules& rules, const Facts& facts) {
    for (const BackendChoice& choice : rules.backends)
        if (holds(choice.condition, facts) == Truth::yes) return choice.backend;
    return std::nullopt;
}

std::optional<ServerId> choose_server(const BackRules& rules, const Facts& facts) {
    for (const ServerChoice& choice : rules.servers)
        if (holds(choice.condition, facts) == Truth::yes && facts.table.at(choice.server).accepts)
            return choice.server;
    return std::nullopt;
}

}  // namespace pgsteer::routing
