#include "health/agent_reply.h"

#include <algorithm>
#include <cctype>

#include "base/lower.h"
#include "base/units.h"

namespace pgsteer::health {
namespace {

constexpr std::string_view blank = " \t,";
// HAProxy's bounds: 25600 % is the largest weight, 256, of the smallest, 1.
constexpr std::int64_t most_percent = 25'600;
constexpr std::int64_t most_sessions = 2'000'000'000;

bool read_admin(const std::string& word, AgentReply& reply) {
    using Admin = AgentReply::Admin;
    if (word == "ready")
        reply.admin = Admin::ready;
    else if (word == "drain")
        reply.admin = Admin::drain;
    else if (word == "maint")
        reply.admin = Admin::maintenance;
    else
        return false;
    return true;
}

bool read_health(const std::string& word, AgentReply& reply) {
    if (word != "up" && word != "down" && word != "stopped" && word != "fail") return false;
    reply.up = word == "up";
    reply.health = word;
    return true;
}

bool read_number(const std::string& word, AgentReply& reply) {
    constexpr std::string_view maxconn = "maxconn:";
    const std::string_view text = word;
    const bool is_weight = text.ends_with('%');
    if (!is_weight && !text.starts_with(maxconn)) return false;
    const auto digits = is_weight ? text.substr(0, text.size() - 1) : text.substr(maxconn.size());
    const auto value = parse_integer(digits, 0, is_weight ? most_percent : most_sessions);
    if (!value) return false;
    (is_weight ? reply.weight_percent : reply.maxconn) = static_cast<std::uint32_t>(*value);
    return true;
}

}  // namespace

AgentReply read_agent_reply(std::string_view line) {
    AgentReply reply;
    while (true) {
        const auto begin = line.find_first_not_of(blank);
        if (begin == std::string_view::npos) return reply;
        line.remove_prefix(begin);
        if (line[0] == '#') {
            line.remove_prefix(std::min(line.find_first_not_of("# \t"), line.size()));
            reply.text = line;
            return reply;
        }
        const auto word = line.substr(0, line.find_first_of(blank));
        const std::string known = lower(word);
        if (!read_health(known, reply) && !read_admin(known, reply) && !read_number(known, reply) &&
            reply.error.empty())
            reply.error = word;
        line.remove_prefix(word.size());
    }
}

void AgentOrders::take(const AgentReply& reply) {
    if (reply.admin) admin = *reply.admin;
    if (reply.weight_percent) weight_percent = reply.weight_percent;
    if (reply.maxconn) maxconn = reply.maxconn;
    if (!reply.up) return;
    down = !*reply.up;
    const std::string& more = reply.text.empty() ? reply.error : reply.text;
    why = "via agent : " + reply.health + (more.empty() ? "" : " (" + more + ")");
}

}  // namespace pgsteer::health
