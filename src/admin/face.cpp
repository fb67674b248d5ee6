#include "admin/face.h"

#include <fmt/format.h>

#include <algorithm>

#include "admin/snapshot.h"
#include "base/units.h"

namespace pgsteer::admin {
namespace {

using health::Role;
using health::ServerView;

// Wrong status, wrong role: it answered, and is not what this listener wants. The classic script
// tells a role by its status alone.
std::string other_role(const ServerView& view) {
    if (view.role != Role::unknown) return std::string(word(view.role));
    if (view.check_word != "L7STS") return "";
    constexpr int standby = 206;
    constexpr int primary = 200;
    return view.check_code == standby ? "standby" : view.check_code == primary ? "primary" : "";
}

std::string check_reason(const ServerView& view) {
    if (view.node && !view.node->reason.empty()) return view.node->reason;
    std::string text = view.check_words;
    if (view.check_code > 0) text += fmt::format(", code {}", view.check_code);
    if (!view.check_text.empty()) text += (text.empty() ? "" : ": ") + view.check_text;
    return text;
}

std::string lag_reason(const health::Lag& lag) {
    std::string text;
    if (lag.bytes) text = fmt::format("{} bytes", *lag.bytes);
    if (lag.time) text += (text.empty() ? "" : ", ") + format_time(*lag.time);
    return text.empty() ? "" : text + " behind the primary";
}

Face of_accepting(const ServerLine& server) {
    const ServerView& view = server.view;
    if (server.weight == 0) return {Tone::busy, "no weight", "its weight is 0: no new sessions"};
    // "UP 1/3": checks fail, and `fall` is not reached.
    if (view.state.starts_with("UP ")) return {Tone::busy, "up, failing", check_reason(view)};
    if (!view.checked && view.check_word.empty()) return {Tone::good, "up, unchecked", ""};
    return {Tone::good, "up", view.why};
}

}  // namespace

std::string_view word(Tone tone) {
    constexpr std::string_view words[] = {"fenced", "good",    "busy", "bad",
                                          "off",    "unknown", "idle"};
    return words[static_cast<std::size_t>(tone)];
}

Face face_of(const ServerLine& server) {
    const ServerView& view = server.view;
    const std::string& cause = server.cause;
    if (server.accepts) return of_accepting(server);
    if (view.state == "FENCED") return {Tone::fenced, "fenced", view.why};
    if (cause == "maintenance" || view.maintenance)
        return {Tone::off, "maintenance",
                view.tracked.empty() ? "no checks, no sessions" : "as " + view.tracked};
    if (cause == "unresolved") return {Tone::bad, "no address", "its name stands for none"};
    if (cause == "never-judged") return {Tone::unknown, "not checked yet", ""};
    if (cause == "election-open") return {Tone::unknown, "election open", view.why};
    if (cause == "draining") return {Tone::busy, "draining", "no new sessions"};
    if (cause == "lagging") return {Tone::busy, "lagging", lag_reason(view.lag)};
    if (cause == "behind") return {Tone::busy, "behind", view.why};
    if (cause == "silent") return {Tone::busy, "silent", check_reason(view)};
    if (cause == "unreachable")
        return {Tone::bad, "unreachable", "its checks pass, but connects to it fail"};
    if (view.state.starts_with("DOWN (agent)")) return {Tone::bad, "down", view.agent_text};
    if (const std::string role = other_role(view); !role.empty()) return {Tone::idle, role, ""};
    return {Tone::bad, "down", check_reason(view)};
}

}  // namespace pgsteer::admin
