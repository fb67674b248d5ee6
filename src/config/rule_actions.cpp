#include "config/rule_actions.h"

#include <algorithm>
#include <array>

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

constexpr ActionRow inert(std::string_view name, unsigned where, std::string_view why) {
    return {name, where, KeywordClass::inert, RuleAction::accept, false, why, {}};
}
constexpr ActionRow refused(std::string_view name, unsigned where, std::string_view why,
                            std::string_view instead) {
    return {name, where, KeywordClass::refused, RuleAction::accept, false, why, instead};
}

constexpr std::string_view not_done = "that is not done to counters";
constexpr std::string_view no_variables = "rules have no variables";
constexpr std::string_view write_out = "write the fetch in the condition";
constexpr std::string_view remove_it = "remove the line";

constexpr std::array rows{
    ActionRow{"accept", of_all, honoured, RuleAction::accept, false,
              "the client passes; no later rule of this kind is asked"},
    ActionRow{
        "reject", of_all, honoured, RuleAction::reject, false,
        "the client is turned away: connection with a reset, session and content with an end"},
    ActionRow{"silent-drop", of_all, honoured, RuleAction::silent_drop, false,
              "the client is forgotten without being told; needs the right to administer networks, "
              "else it is reset"},
    ActionRow{"expect-proxy", of_connection, honoured, RuleAction::expect_proxy, false,
              "`expect-proxy layer4`: the client begins with a PROXY header, as with accept-proxy"},
    ActionRow{"set-src", of_all, honoured, RuleAction::set_source, true,
              "where the client comes from, for later rules, balance and logs"},
    ActionRow{"set-src-port", of_all, honoured, RuleAction::set_source_port, true,
              "the port it comes from, likewise"},
    ActionRow{"set-dst", of_all, honoured, RuleAction::set_destination, true,
              "where the client called, for later rules"},
    ActionRow{"set-dst-port", of_all, honoured, RuleAction::set_destination_port, true,
              "the port it called, likewise"},
    ActionRow{"track-sc0", of_all, honoured, RuleAction::track, true,
              "FETCH [table NAME]: the client is counted under that key in a stick-table until it "
              "leaves"},
    ActionRow{"track-sc1", of_all, honoured, RuleAction::track, true, "a second key, likewise"},
    ActionRow{"track-sc2", of_all, honoured, RuleAction::track, true, "a third key, likewise"},
    ActionRow{"sc-inc-gpc0*", of_all, honoured, RuleAction::increment, false,
              "`sc-inc-gpc0(N)`: adds 1 to the counter gpc0 of the key that track-scN took"},
    ActionRow{"sc-inc-gpc1*", of_all, honoured, RuleAction::increment, false, "the same of gpc1"},
    ActionRow{"sc-set-gpt0*", of_all, honoured, RuleAction::assign, false,
              "`sc-set-gpt0(N) NUMBER`: sets the tag gpt0 of that key"},
    ActionRow{
        "set-log-level", of_content, honoured, RuleAction::set_log_level, false,
        "emerg to debug: the level of the session's log line; silent: there is none; the last "
        "one counts"},
    ActionRow{"capture", of_content, honoured, RuleAction::capture, true,
              "FETCH len BYTES: the value is kept for `%hr`, `%hrl` and `%[capture.req.hdr(N)]` of "
              "`log-format`; not in a backend"},
    inert("set-mark", of_connection | of_session | of_content, "packets are not marked"),
    inert("set-nice", of_content, "all sessions weigh the same"),
    inert("set-priority-class", of_content, "clients wait in the order they came"),
    inert("set-priority-offset", of_content, "clients wait in the order they came"),
    inert("set-tos", of_connection | of_session | of_content, "packets are not marked"),
    refused("expect-netscaler-cip", of_connection, "foreign headers are not read",
            "use 'expect-proxy layer4'"),
    refused("sc-*", of_all, not_done, remove_it),
    refused("set-var*", of_all, no_variables, write_out),
    refused("unset-var*", of_all, no_variables, remove_it),
    refused("do-resolve*", of_content, "names are looked up for servers alone",
            "write the server's name on its line"),
    refused("lua.*", of_all, "no Lua is run", remove_it),
    refused("ot-group", of_content, "no other program is asked", remove_it),
    refused("send-spoe-group", of_content, "no other program is asked", remove_it),
    refused("set-bandwidth-limit", of_content, "sessions are not slowed down", remove_it),
    refused("switch-mode", of_content, "PostgreSQL is not HTTP", remove_it),
    refused("use-service", of_content, "clients are served by servers alone", "use 'reject'"),
};

}  // namespace

std::span<const ActionRow> action_rows() {
    return rows;
}

std::string_view action_name(RuleAction action) {
    const auto row = std::find_if(rows.begin(), rows.end(), [action](const ActionRow& one) {
        return one.kind == KeywordClass::honoured && one.action == action;
    });
    return row == rows.end() ? std::string_view() : row->name;
}

}  // namespace pgsteer::config
