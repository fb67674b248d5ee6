// Stick tables, the rules that use them, and TLS of servers and listeners: good and bad values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace pgsteer::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Read {
    std::vector<std::string> alerts;
    Config config;
};

Read read(const std::string& lines, const std::string& global = "") {
    Loaded loaded =
        load_text("global\n" + global +
                      "\nlisten x\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n" +
                      lines + "\n",
                  "t.cfg", [](const std::string&) { return std::nullopt; });
    Read found;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == Severity::alert) found.alerts.push_back(diagnostic.text);
    found.config = std::move(loaded.config);
    return found;
}

TableSpec table(const std::string& words) {
    const Read found = read("stick-table " + words);
    EXPECT_THAT(found.alerts, IsEmpty()) << words;
    return found.config.tables.empty() ? TableSpec{} : found.config.tables.front().spec;
}

std::vector<std::string> alerts(const std::string& lines) {
    return read(lines).alerts;
}

TEST(StickTableLine, says_type_size_expiry_and_what_is_counted) {
    const TableSpec made = table(
        "type string len 8 size 2k expire 30m nopurge store gpc0,conn_rate(10s) store conn_cur");
    EXPECT_EQ(made.type, KeyType::string);
    EXPECT_EQ(made.key_length, 8U);
    EXPECT_EQ(made.size, 2048U);
    EXPECT_EQ(made.expire, std::chrono::minutes(30));
    EXPECT_TRUE(made.no_purge);
    EXPECT_THAT(made.columns, ElementsAre(TableSpec::Column{Stored::gpc0},
                                          TableSpec::Column{Stored::conn_rate, seconds(10)},
                                          TableSpec::Column{Stored::conn_cur}))
        << "in the order in which they are shown";
    EXPECT_EQ(table("type binary size 1m").key_length, 32U);
    EXPECT_EQ(table("type ip size 5").expire, milliseconds(0));
}

TEST(StickTableLine, that_is_none_is_told) {
    EXPECT_THAT(alerts("stick-table size 5"), ElementsAre("'stick-table' : needs 'type'"));
    EXPECT_THAT(alerts("stick-table type ip"), ElementsAre("'stick-table' : needs 'size'"));
    EXPECT_THAT(
        alerts("stick-table type mac size 5"),
        ElementsAre("'stick-table' : type 'mac' is not ip, ipv6, integer, string or binary"));
    EXPECT_THAT(alerts("stick-table type ip size many"),
                ElementsAre("'stick-table' : size 'many' is not a number of entries, as 200k"));
    EXPECT_THAT(alerts("stick-table type ip size 5 store conn_rate"),
                ElementsAre("'stick-table' : 'conn_rate' needs a period, as (10s)"));
    EXPECT_THAT(alerts("stick-table type ip size 5 store http_req_cnt"),
                ElementsAre("'stick-table' : 'http_req_cnt' counts what HTTP does; remove it"));
    EXPECT_THAT(alerts("stick-table type ip size 5 peers all"),
                ElementsAre("'stick-table' : 'peers' : tables are not shared between processes; "
                            "remove it"));
    for (const std::string bad :
         {"type", "type ip size 0", "type ip size 5 expire x", "type ip size 9999999999g",
          "type string len 0 size 5", "type ip size 5 store conn_rate(0)", "type ip size 5 bogus 1",
          "type ip size 5 store conn_cnt(5s)"})
        EXPECT_EQ(alerts("stick-table " + bad).size(), 1U) << bad;
    EXPECT_EQ(alerts("stick-table type ip size 5\nstick-table type ip size 5").size(), 1U);
}

TEST(Stick, on_is_match_and_store_and_the_table_then_shows_servers) {
    const Read found = read(
        "stick-table type ip size 5\nstick on src if { dst_port 1 }\n"
        "stick match dst\nstick store-request src table x");
    EXPECT_THAT(found.alerts, IsEmpty());
    const auto& rules = found.config.backends.front().sticks;
    ASSERT_EQ(rules.size(), 3U);
    EXPECT_TRUE(rules[0].matches && rules[0].stores);
    EXPECT_TRUE(rules[1].matches && !rules[1].stores);
    EXPECT_TRUE(!rules[2].matches && rules[2].stores);
    EXPECT_FALSE(rules[0].condition.any.empty());
    EXPECT_THAT(
        found.config.tables.front().spec.columns,
        ElementsAre(TableSpec::Column{Stored::server_id}, TableSpec::Column{Stored::server_key}));
}

TEST(Stick, and_track_need_a_table_whose_keys_fit) {
    EXPECT_THAT(alerts("stick on src"), ElementsAre("'stick on' : there is no stick-table in 'x'"));
    EXPECT_THAT(alerts("stick on src table y"),
                ElementsAre("'stick on' : there is no stick-table in 'y'"));
    EXPECT_THAT(alerts("stick-table type ip size 5\nstick on src_port"),
                ElementsAre("'stick on' : 'src_port' cannot be a key of that table"));
    EXPECT_THAT(alerts("stick store-response src"),
                ElementsAre("'stick' : 'store-response' : servers' bytes are not looked at; use "
                            "'stick on'"));
    EXPECT_THAT(alerts("tcp-request connection track-sc0 src"),
                ElementsAre("'tcp-request connection track-sc0' : there is no stick-table in 'x'"));
    EXPECT_THAT(alerts("tcp-request connection reject if { src_conn_rate gt 5 }"),
                ElementsAre("'tcp-request connection reject' : 'src_conn_rate' : there is no "
                            "stick-table in 'x'"));
    EXPECT_THAT(alerts("tcp-request connection sc-inc-gpc0(3)"),
                ElementsAre("'tcp-request connection sc-inc-gpc0(3)' : needs (0), (1) or (2)"));
    EXPECT_THAT(alerts("stick-table type ip size 5 store gpt0\n"
                       "tcp-request connection track-sc2 src\n"
                       "tcp-request connection sc-set-gpt0(2) 7 if { sc2_conn_cur gt 1 }\n"
                       "tcp-request connection reject if { sc_get_gpt0(2) eq 7 }"),
                IsEmpty());
}

TEST(Tls, settings_come_from_the_line_then_from_the_global_section) {
    const Read found = read(
        "server a 1.2.3.4:1 ssl ciphers AES128-SHA force-tlsv12 sni str(db) check\n"
        "server b 1.2.3.4:1 ssl check port 5\nserver c 1.2.3.4:1 ssl no-check-ssl check\n"
        "server d 1.2.3.4:1",
        "ssl-server-verify none\nssl-default-server-ciphers AES256-SHA\n"
        "ssl-default-server-options no-tls-tickets ssl-min-ver TLSv1.2\n");
    EXPECT_THAT(found.alerts, IsEmpty());
    const auto& servers = found.config.backends.front().servers;
    const tls::Settings& first = *servers[0].tls.settings;
    EXPECT_EQ(first.ciphers, "AES128-SHA");
    EXPECT_EQ(first.highest, tls::Version::tls12);
    EXPECT_EQ(first.verify, tls::Verify::none);
    EXPECT_FALSE(first.tickets);
    EXPECT_EQ(servers[0].tls.sni->fetch, "str");
    EXPECT_EQ(servers[1].tls.settings->ciphers, "AES256-SHA");
    EXPECT_EQ(servers[1].tls.settings->lowest, tls::Version::tls12);
    EXPECT_TRUE(servers[0].check_tls.enabled);
    EXPECT_FALSE(servers[1].check_tls.enabled) << "its check goes elsewhere";
    EXPECT_FALSE(servers[2].check_tls.enabled);
    EXPECT_TRUE(servers[0].tls.outgoing && servers[1].tls.outgoing);
    EXPECT_FALSE(servers[3].tls.outgoing);
}

TEST(Tls, files_and_names_that_cannot_be_used_are_told) {
    EXPECT_THAT(alerts("server a 1.2.3.4:1 ssl"),
                ElementsAre("'server a' : verifies certificates, but no 'ca-file' says who is "
                            "believed; add one, or 'verify none'"));
    EXPECT_THAT(alerts("server a 1.2.3.4:1 ssl ca-file /no/ca.pem"),
                ElementsAre("'server a' : ca-file '/no/ca.pem' cannot be read: No such file or "
                            "directory"));
    EXPECT_THAT(alerts("server a 1.2.3.4:1 check check-ssl ca-file /no/ca.pem"),
                ElementsAre("'server a' : ca-file '/no/ca.pem' cannot be read: No such file or "
                            "directory"));
    EXPECT_THAT(alerts("bind :5000 ssl"),
                ElementsAre("'bind :5000' : there is no certificate; add 'crt FILE'"));
    EXPECT_THAT(alerts("bind :5000 ssl crt /no/x.pem"),
                ElementsAre("'bind :5000' : certificate file '/no/x.pem' cannot be read: No such "
                            "file or directory"));
    EXPECT_THAT(alerts("server a 1.2.3.4:1 ssl verify none sni src_port"),
                ElementsAre("'server a' : 'sni' : 'src_port' is no text; write str(NAME)"));
    EXPECT_THAT(
        alerts("server a 1.2.3.4:1 ssl verify none ssl-min-ver TLSv9"),
        ElementsAre("'server ... ssl-min-ver' : 'TLSv9' is not TLSv1.0, TLSv1.1, TLSv1.2 or "
                    "TLSv1.3"));
    EXPECT_THAT(alerts("bind :5000 crt-list /x"),
                ElementsAre("'bind ... crt-list' : not supported: lists of certificates are not "
                            "read; use 'crt' with a folder"));
}

}  // namespace
}  // namespace pgsteer::config
