// Keywords that HAProxy does not have: about roles, lag and clients that wait.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

// "16m" or "10s"; "m" is a megabyte, as sizes are what PostgreSQL's lag is mostly told in.
void read_max_lag(Line& line, const std::string& text) {
    MaxLag& limit = line.proxy->back.max_lag;
    if (const auto bytes = parse_size(text); bytes && *bytes > 0)
        limit.bytes = *bytes;
    else if (const auto time = parse_time(text); time && time->count() > 0)
        limit.time = *time;
    else
        line.alert("'" + text + "' is neither a size nor a time; write 16m or 10s");
}

void max_lag(Line& line, Words words) {
    if (!line.arguments(words, 1, 2)) return;
    line.proxy->back.max_lag = {};
    for (const std::string& word : words)
        read_max_lag(line, word);
}

void expect_role(Line& line, const std::string& word) {
    RoleCheck& role = line.proxy->back.check.role;
    if (word == "any")
        role.expect = RoleCheck::Expect::any;
    else if (word == "primary")
        role.expect = RoleCheck::Expect::primary;
    else if (word == "standby")
        role.expect = RoleCheck::Expect::standby;
    else
        line.alert("unknown role '" + word + "'" +
                   did_you_mean(word, {"primary", "standby", "any"}));
}

void expect_sslmode(Line& line, const std::string& word) {
    const std::vector<std::string_view> modes = {"disable", "allow",     "prefer",
                                                 "require", "verify-ca", "verify-full"};
    for (const auto mode : modes)
        if (mode == word) {
            line.proxy->back.check.role.sslmode = word;
            return;
        }
    line.alert("unknown sslmode '" + word + "'" + did_you_mean(word, modes));
}

void role_check(Line& line, Words words) {
    Proxy& proxy = *line.proxy;
    auto& dialect = proxy.checks.dialect;
    if (line.negated && dialect == CheckLines::Dialect::role)
        dialect = CheckLines::Dialect::connect;
    if (line.negated) return;
    dialect = CheckLines::Dialect::role;
    RoleCheck& role = proxy.back.check.role;
    role = {};
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string& name = words[i];
        if (i + 1 >= words.size()) return line.alert("'" + name + "' needs a value");
        const std::string& value = words[i + 1];
        if (name == "user")
            role.user = value;
        else if (name == "dbname")
            role.dbname = value;
        else if (name == "passfile")
            role.passfile = value;
        else if (name == "sslmode")
            expect_sslmode(line, value);
        else if (name == "expect")
            expect_role(line, value);
        else if (name == "max-lag")
            read_max_lag(line, value);
        else if (name == "password")
            return line.alert("a password does not belong into this file; use 'passfile'");
        else
            return line.alert(
                "unknown word '" + name + "'" +
                did_you_mean(name, {"user", "dbname", "passfile", "sslmode", "expect", "max-lag"}));
    }
}

void no_hold(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) line.proxy->back.hold = line.negated;
}

void hold_rate(Line& line, Words words) {
    constexpr std::uint32_t most = 1'000'000;
    if (!line.arguments(words, 1, 1)) return;
    if (const auto rate = line.count(words[0], 0, most)) line.proxy->back.hold_rate = *rate;
}

constexpr Row rows[] = {
    {"option pgsql-role-check", in_back, honoured, role_check,
     "ask PostgreSQL itself what it is: [user U] [dbname D] [sslmode M] [passfile F] "
     "[expect primary|standby|any] [max-lag 16m|10s]; not in HAProxy"},
    {"option no-hold", in_back, honoured, no_hold,
     "refuse clients at once while no server is fit, as HAProxy does; not in HAProxy"},
    {"max-lag", in_back, honoured, max_lag,
     "no new sessions to a standby further behind: a size, a time, or both; not in HAProxy"},
    {"hold-rate", in_back, honoured, hold_rate,
     "waiting clients let go a second and thread once a server is fit; 0: all at once; not in "
     "HAProxy"},
};

}  // namespace

std::span<const Row> role_rows() {
    return rows;
}

}  // namespace pgsteer::config
