#include "health/judge.h"

#include <map>

namespace pgsteer::health {
namespace {

using config::CheckStatus;

Judgement judgement_of(ScriptEnd end) {
    Judgement judgement;
    judgement.passed = config::passes(end.status);
    judgement.conditional = end.status == CheckStatus::l7_conditional;
    judgement.word = config::word(end.status);
    judgement.words = config::words(end.status);
    judgement.tells_info = end.tells_info && !end.info.empty();
    judgement.info = std::move(end.info);
    // As in HAProxy: a code belongs to an answer that was understood.
    judgement.tells_code =
        end.status == CheckStatus::l7_ok || judgement.conditional ||
        end.status == CheckStatus::l7_wrong || end.status == CheckStatus::program_failed ||
        end.status == CheckStatus::program_timeout || end.status == CheckStatus::program_ok;
    if (judgement.tells_code) judgement.code = end.code;
    return judgement;
}

CheckStatus status_of(FailureKind kind) {
    switch (kind) {
        case FailureKind::connect:
            return CheckStatus::l4_failed;
        case FailureKind::connect_timeout:
            return CheckStatus::l4_timeout;
        case FailureKind::tls:
            return CheckStatus::l6_failed;
        case FailureKind::tls_timeout:
            return CheckStatus::l6_timeout;
        case FailureKind::answer_timeout:
            return CheckStatus::l7_timeout;
        case FailureKind::bad_answer:
            return CheckStatus::l7_invalid;
        case FailureKind::internal:
            return CheckStatus::socket_error;
    }
    return CheckStatus::socket_error;
}

}  // namespace

std::size_t first_own_expectation(const config::Check& check) {
    std::size_t first = check.steps.size();
    if (!check.http) return first;
    while (first > 0 && std::holds_alternative<config::Expect>(check.steps[first - 1]))
        --first;
    return first;
}

Judge::Judge(const config::Check& check)
    : disable_on_404_(check.disable_on_404),
      tells_steps_(check.tells_steps),
      expected_role_(check.role.expect) {
    for (std::size_t i = first_own_expectation(check); i < check.steps.size(); ++i)
        expectations_.emplace_back(std::get<config::Expect>(check.steps[i]));
}

Judgement Judge::judge(const Observation& observation, bool was_up) const {
    if (const auto* failure = std::get_if<Failure>(&observation.outcome))
        return judgement_of(end_of(*failure));
    if (const auto* end = std::get_if<ScriptEnd>(&observation.outcome)) return judgement_of(*end);
    if (const auto* answer = std::get_if<RoleAnswer>(&observation.outcome))
        return judge_node(answer->node);
    if (const auto* answer = std::get_if<HttpAnswer>(&observation.outcome)) {
        Judgement judgement = judgement_of(end_of(*answer, was_up));
        judgement.role = answer->role;
        judgement.node = answer->node;
        return judgement;
    }
    const auto* const connected = std::get_if<Connected>(&observation.outcome);
    const bool tls = connected != nullptr && connected->tls;
    return judgement_of({tls ? CheckStatus::l6_ok : CheckStatus::l4_ok, 0, ""});
}

ScriptEnd Judge::end_of(const Failure& failure) const {
    ScriptEnd end{status_of(failure.kind), 0, failure.text};
    if (failure.kind == FailureKind::answer_timeout && !expectations_.empty())
        end = expectations_.front().late(failure.text);
    // HAProxy adds words to a timeout only where there is a step to tell.
    const bool timeout = failure.kind == FailureKind::connect_timeout ||
                         failure.kind == FailureKind::tls_timeout ||
                         failure.kind == FailureKind::answer_timeout;
    end.tells_info = !timeout || tells_steps_;
    return end;
}

Judgement Judge::judge_node(const NodeState& node) const {
    using Expect = config::RoleCheck::Expect;
    static const std::map<Doubt, FailureKind> failures{{Doubt::gone, FailureKind::connect},
                                                       {Doubt::silent, FailureKind::answer_timeout},
                                                       {Doubt::refused, FailureKind::bad_answer}};
    ScriptEnd end;
    if (node.role == Role::unknown) {
        const auto kind = failures.find(node.doubt);
        const auto known = kind == failures.end() ? FailureKind::internal : kind->second;
        end = {status_of(known), 0, node.reason};
    } else {
        const bool expected = expected_role_ == Expect::any ||
                              (expected_role_ == Expect::primary) == (node.role == Role::primary);
        end = {expected ? CheckStatus::l7_ok : CheckStatus::l7_wrong, 0,
               std::string(word(node.role))};
    }
    Judgement judgement = judgement_of(std::move(end));
    judgement.role = node.role;
    judgement.node = node;
    judgement.tells_code = false;
    judgement.tells_info = judgement.tells_info && !judgement.passed && node.doubt != Doubt::silent;
    return judgement;
}

ScriptEnd Judge::end_of(const HttpAnswer& answer, bool was_up) const {
    constexpr int not_found = 404;
    if (disable_on_404_ && was_up && answer.status == not_found)
        return {CheckStatus::l7_conditional, not_found, answer.reason, false};
    if (expectations_.empty()) return {CheckStatus::l7_ok, answer.status, answer.reason, false};
    for (const Expectation& expectation : expectations_) {
        const auto finding = expectation.find(answer);
        if (finding == Expectation::Finding::undecided) return expectation.late("");
        if (finding == Expectation::Finding::unmet) return expectation.unmet(answer);
    }
    return expectations_.back().met(answer);
}

}  // namespace pgsteer::health
