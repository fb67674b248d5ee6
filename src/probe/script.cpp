#include "probe/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/units.h"
#include "health/check_text.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using config::CheckStatus;
using health::Expectation;
using health::Failure;
using health::FailureKind;
using health::ScriptEnd;

// When the status alone is asked for: how long the rest of an answer is awaited, for the word in
// its body and so that the node sees a clean close. The script's writes come within a millisecond.
constexpr milliseconds body_grace{50};

const config::StepNote& note_of(const config::Step& step) {
    return std::visit([](const auto& any) -> const config::StepNote& { return any.note; }, step);
}

std::string words_of(const config::Expect& expect) {
    using Kind = config::Expect::Kind;
    if (expect.kind == Kind::string)
        return fmt::format("expect string '{}'", health::text_of(expect.pattern, {}));
    if (expect.kind == Kind::binary) return "expect binary";
    if (expect.kind == Kind::rstring) return "expect regex";
    if (expect.kind == Kind::rbinary) return "expect binary regex";
    return "expect";
}

bool looks_at_body(const config::Step& step) {
    const auto* const expect = std::get_if<config::Expect>(&step);
    return expect != nullptr && (expect->kind == config::Expect::Kind::string ||
                                 expect->kind == config::Expect::Kind::rstring);
}

}  // namespace

Script::Script(asio::any_io_executor executor, Target target)
    : target_(std::move(target)), channel_(executor) {}

asio::awaitable<Script::Outcome> Script::run() {
    const auto& steps = target_.check.steps;
    while (next_ < steps.size()) {
        std::optional<Outcome> ended;
        if (const auto* const connect = std::get_if<config::ConnectStep>(&steps[next_]))
            ended = co_await take(*connect);
        else if (const auto* const send = std::get_if<config::SendStep>(&steps[next_]))
            ended = co_await take(*send);
        else if (const auto* const request = std::get_if<config::HttpSendStep>(&steps[next_]))
            ended = co_await take(*request);
        else if (target_.check.http)
            ended = co_await expect_answer();
        else
            ended = co_await expect_bytes();
        if (ended) co_return std::move(*ended);
    }
    if (target_.check.kind == config::Check::Kind::agent) co_return co_await receive_line();
    co_return std::move(last_);
}

// What an agent says, up to its first line end.
asio::awaitable<Script::Outcome> Script::receive_line() {
    while (true) {
        const auto end = received_.find_first_of("\r\n");
        if (end != std::string::npos) co_return health::AgentLine{received_.substr(0, end), true};
        if (all_received_) co_return health::AgentLine{received_, false};
        const auto failure = co_await receive_more();
        if (failure) co_return *failure;
    }
}

bool Script::at_expectation() const {
    return next_ < target_.check.steps.size() &&
           std::holds_alternative<config::Expect>(target_.check.steps[next_]);
}

// HAProxy's words for where a check stopped (chk_report_conn_err in src/check.c).
std::string Script::place() const {
    const config::Step& step = target_.check.steps[std::min(next_, target_.check.steps.size() - 1)];
    const config::StepNote& note = note_of(step);
    if (!target_.check.tells_steps) return "";
    if (note.number == 0) return " at initial connection step of tcp-check";
    std::string what = "send";
    if (const auto* const connect = std::get_if<config::ConnectStep>(&step))
        what = connect->port ? fmt::format("connect port {}", number(*connect->port)) : "connect";
    if (const auto* const expect = std::get_if<config::Expect>(&step)) what = words_of(*expect);
    std::string text = fmt::format(" at step {} of tcp-check ({})", note.number, what);
    if (!note.comment.empty()) text += fmt::format(" comment: '{}'", note.comment);
    return text;
}

Script::Ended Script::take(const config::ConnectStep& step) {
    const Destination& to = target_.destinations.at(connects_++);
    auto failure = co_await channel_.open(to, target_);
    received_.clear();
    all_received_ = false;
    if (failure) {
        failure->text += place();
        co_return Outcome(std::move(*failure));
    }
    deadline_ = after(Clock::now(), target_.answer_timeout);
    last_ = health::Connected{channel_.speaks_tls()};
    if (target_.check.tells_steps && step.note.number > 0)
        last_ = ScriptEnd{channel_.speaks_tls() ? CheckStatus::l6_ok : CheckStatus::l4_ok, 0,
                          "(tcp-check)"};
    ++next_;
    co_return std::nullopt;
}

Script::Ended Script::take(const config::SendStep& step) {
    received_.clear();
    const std::string bytes = health::text_of(step.bytes, {});
    const auto sent = co_await channel_.write(bytes, deadline_);
    if (sent.end == Channel::End::time)
        co_return Outcome(Failure{FailureKind::answer_timeout, place()});
    if (sent.end != Channel::End::none)
        co_return Outcome(Failure{FailureKind::internal, sent.why + place()});
    last_ = ScriptEnd{CheckStatus::l7_ok, 0, "(tcp-check)"};
    ++next_;
    co_return std::nullopt;
}

// One read; the failure that ends the check, if it does.
asio::awaitable<std::optional<Failure>> Script::receive_more() {
    std::array<char, 4096> chunk;
    const std::size_t room = std::min(chunk.size(), most_answer_bytes - received_.size());
    const auto got = co_await channel_.read(std::span(chunk.data(), room), deadline_);
    received_.append(chunk.data(), got.size);
    all_received_ = got.end != Channel::End::none || received_.size() >= most_answer_bytes;
    if (got.end == Channel::End::time) co_return Failure{FailureKind::answer_timeout, place()};
    // An error behind an answer is how many end a connection.
    if (got.end == Channel::End::error && received_.empty())
        co_return Failure{FailureKind::internal, got.why + place()};
    co_return std::nullopt;
}

Script::Ended Script::expect_bytes() {
    const auto& steps = target_.check.steps;
    std::vector<Expectation> group;
    std::size_t end = next_;
    for (; end < steps.size() && std::holds_alternative<config::Expect>(steps[end]); ++end)
        group.emplace_back(std::get<config::Expect>(steps[end]));
    const std::size_t first = next_;
    while (next_ < end) {
        const Expectation& expectation = group[next_ - first];
        if (received_.empty() && all_received_) co_return Outcome(expectation.empty());
        const auto finding = received_.empty() ? Expectation::Finding::undecided
                                               : expectation.find(received_, all_received_);
        if (finding == Expectation::Finding::unmet)
            co_return Outcome(expectation.unmet(received_, target_.check.tells_steps));
        if (finding == Expectation::Finding::met) {
            ++next_;
            continue;
        }
        const auto failure = co_await receive_more();
        if (failure && failure->kind == FailureKind::answer_timeout)
            co_return Outcome(expectation.late(failure->text));
        if (failure) co_return Outcome(*failure);
        next_ = first;
    }
    last_ = group.back().met(received_, target_.check.tells_steps);
    co_return std::nullopt;
}

Script::Ended Script::take(const config::HttpSendStep& step) {
    received_.clear();
    to_head_ = step.method == "HEAD";
    // A script may answer and close without reading: a failing write does not matter, its answer
    // may still be there to read.
    config::HttpSendStep request = step;
    if (!target_.server_state.empty())
        request.headers.push_back({"X-Haproxy-Server-State", config::plain(target_.server_state)});
    const auto sent =
        co_await channel_.write(format_request(request, channel_.peer().host()), deadline_);
    ++next_;
    bool body_wanted = next_ >= target_.check.steps.size() && target_.wants_body;
    for (std::size_t i = next_; i < target_.check.steps.size(); ++i) {
        if (!std::holds_alternative<config::Expect>(target_.check.steps[i])) break;
        body_wanted = body_wanted || looks_at_body(target_.check.steps[i]);
    }
    std::optional<Failure> failure;
    if (sent.end != Channel::End::time) failure = co_await receive(body_wanted);
    if (!failure || failure->kind != FailureKind::internal) failure = read_answer();
    if (failure) co_return Outcome(std::move(*failure));
    co_return std::nullopt;
}

// What was received becomes the answer; or why it cannot.
std::optional<Failure> Script::read_answer() {
    auto parsed = parse_answer(received_, to_head_);
    const std::string seen = received_.empty() ? "" : "; received '" + excerpt(received_) + "'";
    if (!all_received_ && (!parsed || !parsed->head_ended))
        return Failure{FailureKind::answer_timeout,
                       "no complete answer within " + format_time(target_.answer_timeout) + seen};
    if (!parsed)
        return Failure{FailureKind::bad_answer, received_.empty()
                                                    ? "connection closed without an answer"
                                                    : "not an HTTP answer" + seen};
    parsed->answer.unfinished = !all_received_;
    last_ = std::move(parsed->answer);
    return std::nullopt;
}

// Reads until the answer is as complete as it is needed, the peer ends, or the deadline.
asio::awaitable<std::optional<Failure>> Script::receive(bool body_wanted) {
    std::optional<Failure> failure;
    const TimePoint limit = deadline_;
    bool grace_given = false;
    while (!all_received_) {
        failure = co_await receive_more();
        if (failure) break;
        const auto parsed = parse_answer(received_, to_head_);
        if (!parsed) continue;
        if (parsed->body_complete) all_received_ = true;
        if (parsed->head_ended && !body_wanted && !std::exchange(grace_given, true))
            deadline_ = std::min(deadline_, after(Clock::now(), body_grace));
    }
    // The end of the grace is as good an end as any; the deadline itself is not.
    all_received_ = all_received_ && (grace_given || Clock::now() < limit);
    deadline_ = limit;
    co_return failure;
}

// The answer was read whole when it was asked for.
Script::Ended Script::expect_answer() {
    const auto answer = std::get<health::HttpAnswer>(last_);
    for (; at_expectation(); ++next_) {
        const Expectation expectation(std::get<config::Expect>(target_.check.steps[next_]));
        const auto finding = expectation.find(answer);
        if (finding == Expectation::Finding::met) continue;
        if (finding == Expectation::Finding::undecided) co_return Outcome(expectation.late(""));
        co_return Outcome(expectation.unmet(answer));
    }
    co_return std::nullopt;
}

}  // namespace pgsteer::probe
