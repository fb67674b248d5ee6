// Condition: an "or" of "and"s of terms, as HAProxy's `if` reads (manual 7.2). The same shape for
// tests as they were written (config/) and as they are asked (routing/). Values; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace pgsteer {

// What a rule does when its condition holds.
enum class RuleAction : std::uint8_t {
    accept,
    reject,
    silent_drop,
    expect_proxy,
    set_source,
    set_source_port,
    set_destination,
    set_destination_port,
    track,          // the client's key is counted in a table
    increment,      // a counter of a tracked key
    assign,         // likewise
    set_log_level,  // of the session's line
    capture,        // a value for that line
};

// unknown: bytes that are still to come, or verdicts, may decide it.
enum class Truth : std::uint8_t { no, yes, unknown };

template <class Test>
struct Term {
    bool negated = false;
    std::vector<Test> any;  // an acl that is written twice holds when either line does
};

template <class Test>
struct Condition {
    std::vector<std::vector<Term<Test>>> any;  // empty: always
    bool negated = false;                      // unless
};

constexpr Truth negation(Truth truth) {
    if (truth == Truth::unknown) return truth;
    return truth == Truth::yes ? Truth::no : Truth::yes;
}

// `ask` answers one test. What is decided already is not asked for.
template <class Test, class Ask>
Truth evaluate(const Condition<Test>& condition, Ask ask) {
    const auto of_term = [&](const Term<Test>& term) {
        Truth found = Truth::no;
        for (const Test& test : term.any) {
            const Truth truth = ask(test);
            if (truth == Truth::yes) return term.negated ? Truth::no : Truth::yes;
            if (truth == Truth::unknown) found = Truth::unknown;
        }
        return term.negated ? negation(found) : found;
    };
    Truth result = condition.any.empty() ? Truth::yes : Truth::no;
    for (const auto& all : condition.any) {
        Truth every = Truth::yes;
        for (const Term<Test>& term : all) {
            const Truth truth = of_term(term);
            if (truth != Truth::yes) every = truth;
            if (truth == Truth::no) break;
        }
        if (every == Truth::no) continue;
        result = every;
        if (every == Truth::yes) break;
    }
    return condition.negated ? negation(result) : result;
}

// Calls visit(test) for each.
template <class Test, class Visit>
void each_test(const Condition<Test>& condition, Visit visit) {
    for (const auto& all : condition.any)
        for (const Term<Test>& term : all)
            for (const Test& test : term.any)
                visit(test);
}

// The same condition of what `make` makes of each test.
template <class To, class Test, class Make>
Condition<To> translated(const Condition<Test>& condition, Make make) {
    Condition<To> result;
    result.negated = condition.negated;
    for (const auto& all : condition.any) {
        auto& terms = result.any.emplace_back();
        for (const Term<Test>& term : all) {
            auto& its = terms.emplace_back();
            its.negated = term.negated;
            for (const Test& test : term.any)
                its.any.push_back(make(test));
        }
    }
    return result;
}

}  // namespace pgsteer
