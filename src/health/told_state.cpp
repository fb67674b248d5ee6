// `http-check send-state`: what a check's request tells a server of itself. HAProxy's
// httpchk_build_status_header (src/tcpcheck.c).
#include <fmt/format.h>

#include "base/machine_name.h"
#include "health/cluster_state.h"

namespace pgsteer::health {
namespace {

std::string state_words(const ServerState& server) {
    const RiseFall& counted = server.rise_fall;
    const std::uint32_t rise = counted.rise(), fall = counted.fall(), health = counted.health();
    if (!server.config->check) return "no check";
    if (routing::is_down(server.decided.cause) || counted.verdict() != Verdict::up)
        return health > 0 && health < rise ? fmt::format("DOWN {}/{}", health, rise) : "DOWN";
    const std::string word = server.decided.accepts ? "UP" : "NOLB";
    if (health + 1 == rise + fall) return word;
    return fmt::format("{} {}/{}", word, health - rise + 1, fall);
}

}  // namespace

std::string Cluster::told_state(QuestionId id, TimePoint) const {
    const Question& question = state_->questions[static_cast<std::size_t>(id)];
    if (!question.check.send_state || question.servers.empty()) return "";
    const routing::ServerId first = question.servers.front();
    const ServerState& server = state_->at(first);
    const routing::ServerRow& row = state_->rows.at(first);
    const routing::BackendRow& backend = state_->rows.at(row.backend);
    std::uint32_t total = 0;
    for (const routing::ServerId other : backend.servers)
        if (state_->at(other).decided.accepts) total += state_->rows.at(other).weight;
    const std::uint32_t unit = std::max(backend.weight_unit, 1U);
    const std::vector<Address> addresses = server.session_addresses();
    const bool is_ip = !addresses.empty() && addresses.front().is_ip();
    static const std::string machine = machine_name();
    const std::string& node = state_->node.empty() ? machine : state_->node;
    const auto up = [unit](std::uint32_t weight) { return (weight + unit - 1) / unit; };
    std::string text = fmt::format(
        "{}; address={}; port={}; name={}/{}; node={}; weight={}/{}; scur={}/{}; qcur={}",
        state_words(server), is_ip ? addresses.front().host() : "unix",
        is_ip ? std::to_string(number(addresses.front().port())) : "unix", backend.name, row.name,
        node, up(row.weight), up(total), row.shared->slots.taken(),
        backend.shared->slots.taken() - backend.shared->total(&routing::Traffic::waiting),
        row.shared->total(&routing::Traffic::waiting));
    if (server.rising && server.ramp.percent < 100)
        text += fmt::format("; throttle={}%", std::max(server.ramp.percent, 1U));
    return text;
}

}  // namespace pgsteer::health
