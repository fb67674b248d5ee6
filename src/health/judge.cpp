#include "health/judge.h"

#include "base/log.h"
#include "base/units.h"

namespace pgsteer::health {
namespace {

// "200", "200-299,301": numbers and ranges.
bool status_matches(std::string_view pattern, int status) {
    while (!pattern.empty()) {
        const std::size_t comma = pattern.find(',');
        const std::string_view part = pattern.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto low = parse_integer(part.substr(0, dash), 0, 999);
        const auto high = dash == part.npos ? low : parse_integer(part.substr(dash + 1), 0, 999);
        if (low && high && status >= *low && status <= *high) return true;
        if (comma == pattern.npos) break;
        pattern.remove_prefix(comma + 1);
    }
    return false;
}

bool search(const std::string& text, const std::regex& pattern) {
    try {
        return std::regex_search(text, pattern);
    } catch (const std::regex_error&) {
        return false;  // std::regex gives up on some long texts; no match means not fit
    }
}

Judgement judge_failure(const Failure& failure) {
    Judgement judgement;
    judgement.info = failure.text;
    switch (failure.kind) {
        case FailureKind::connect:
            judgement.word = "L4CON";
            judgement.words = "Layer4 connection problem";
            break;
        case FailureKind::connect_timeout:
            judgement.word = "L4TOUT";
            judgement.words = "Layer4 timeout";
            break;
        case FailureKind::answer_timeout:
            judgement.word = "L7TOUT";
            judgement.words = "Layer7 timeout";
            break;
        case FailureKind::bad_answer:
            judgement.word = "L7RSP";
            judgement.words = "Layer7 invalid response";
            break;
        case FailureKind::internal:
            judgement.word = "SOCKERR";
            judgement.words = "Socket error";
            break;
    }
    return judgement;
}

}  // namespace

Judge::Judge(const config::Check& check) {
    using Kind = config::Expect::Kind;
    for (const config::Expect& expect : check.expects) {
        Rule rule{expect, {}};
        if (expect.kind == Kind::rstatus || expect.kind == Kind::rstring) {
            try {
                rule.pattern.assign(expect.pattern, std::regex::extended | std::regex::optimize);
            } catch (const std::regex_error& error) {
                // The loader refuses such a file; a rule that cannot match is the safe side here.
                log::alert("[{}] '{}': {}", expect.at.text(), expect.pattern, error.what());
                rule.expect.negate = false;
                rule.pattern.assign("a^", std::regex::extended);
            }
        }
        rules_.push_back(std::move(rule));
    }
}

Judgement Judge::judge(const Observation& observation) const {
    if (const auto* failure = std::get_if<Failure>(&observation.outcome))
        return judge_failure(*failure);
    if (const auto* answer = std::get_if<HttpAnswer>(&observation.outcome))
        return judge_answer(*answer);
    Judgement judgement;
    judgement.passed = true;
    judgement.word = "L4OK";
    judgement.words = "Layer4 check passed";
    return judgement;
}

Judgement Judge::judge_answer(const HttpAnswer& answer) const {
    using Kind = config::Expect::Kind;
    Judgement judgement;
    judgement.code = answer.status;
    judgement.info = answer.reason;
    judgement.role = answer.role;
    judgement.passed = true;
    judgement.word = "L7OK";
    judgement.words = "Layer7 check passed";
    const auto fail = [&](bool by_status) {
        judgement.passed = false;
        judgement.word = by_status ? "L7STS" : "L7RSP";
        judgement.words = by_status ? "Layer7 wrong status" : "Layer7 invalid response";
        if (!by_status) judgement.info = "HTTP content check did not match";
    };
    if (rules_.empty() && (answer.status < 200 || answer.status > 399)) fail(true);
    for (const Rule& rule : rules_) {
        if (matches(rule, answer) != rule.expect.negate) continue;
        fail(rule.expect.kind == Kind::status || rule.expect.kind == Kind::rstatus);
        break;
    }
    return judgement;
}

bool Judge::matches(const Rule& rule, const HttpAnswer& answer) const {
    switch (rule.expect.kind) {
        case config::Expect::Kind::status:
            return status_matches(rule.expect.pattern, answer.status);
        case config::Expect::Kind::string:
            return answer.body.find(rule.expect.pattern) != std::string::npos;
        case config::Expect::Kind::rstatus:
            return search(std::to_string(answer.status), rule.pattern);
        case config::Expect::Kind::rstring:
            return search(answer.body, rule.pattern);
    }
    return false;
}

}  // namespace pgsteer::health
