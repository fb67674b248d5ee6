#include "router/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using Addresses = std::vector<Address>;
using Method = config::InitAddress::Method;

Address at(const char* ip, std::uint16_t port = 0) {
    return *Address::from_literal(ip, Port{port});
}

dns::Answer answer(Addresses addresses) {
    dns::Answer answer;
    answer.status = addresses.empty() ? dns::Status::nx : dns::Status::valid;
    answer.addresses = std::move(addresses);
    answer.from = "n1";
    return answer;
}

// A file and what its names stand for, at a time that the test moves.
class NamesTest : public testing::Test {
  protected:
    NamesTest() { config_.backends.emplace_back().name = "nodes"; }
    config::Server& server(const std::string& host, std::uint16_t port = 5432) {
        auto& servers = config_.backends[0].servers;
        config::Server& added = servers.emplace_back();
        added.name = "s" + std::to_string(servers.size() - 1);
        added.endpoint.host = host;
        added.endpoint.port = Port{port};
        return added;
    }
    void start() {
        cluster_.emplace(config_, health::ClusterOptions{1, now_, [] { return 0.5; }});
        names_.emplace(*cluster_, config_);
        failures_ = names_->resolve_all(
            [this](const std::string& host, Port port) {
                asked_.push_back(host);
                return system_says(host, port);
            },
            now_, last_);
    }
    Result<Addresses> system_says(const std::string& host, Port port) const {
        if (const auto literal = Address::from_literal(host, port)) return Addresses{*literal};
        if (const auto found = zone_.find(host); found != zone_.end()) return found->second;
        return Error{"could not resolve address '" + host + "'"};
    }
    Addresses addresses_of(std::uint32_t id) {
        return cluster_->table()->at(routing::ServerId{id}).addresses;
    }
    std::vector<std::string> due() {
        std::vector<std::string> keys;
        for (const NameQuery& query : names_->take_due(now_))
            keys.push_back(query.key);
        return keys;
    }

    TimePoint now_ = TimePoint(1000s);
    config::Config config_;
    std::map<std::string, Addresses> zone_{{"pg0", {at("127.0.0.1"), at("::1")}},
                                           {"pg1", {at("127.0.0.2")}}};
    std::optional<health::Cluster> cluster_;
    std::optional<Names> names_;
    std::vector<NameFailure> failures_;
    std::vector<std::string> asked_;
    LastAddresses last_;
};

// Two servers on one host, one on another, one with a literal address; the system resolves them.
class SystemNames : public NamesTest {
  protected:
    SystemNames() {
        std::uint16_t port = 5432;
        for (const char* host : {"pg0", "pg0", "pg1", "127.0.0.9"})
            server(host, port++);
    }
};

TEST_F(SystemNames, every_server_gets_all_addresses_with_its_own_port) {
    start();
    EXPECT_TRUE(failures_.empty());
    EXPECT_EQ(addresses_of(0), (Addresses{at("127.0.0.1", 5432), at("::1", 5432)}));
    EXPECT_EQ(addresses_of(1), (Addresses{at("127.0.0.1", 5433), at("::1", 5433)}));
    EXPECT_EQ(addresses_of(3), Addresses{at("127.0.0.9", 5435)});
}

TEST_F(SystemNames, a_name_of_several_servers_is_asked_once) {
    zone_.erase("pg0");
    start();
    EXPECT_EQ(std::count(asked_.begin(), asked_.end(), "pg0"), 1);
}

TEST_F(SystemNames, every_line_with_an_unknown_name_is_told) {
    zone_.erase("pg0");
    start();
    ASSERT_EQ(failures_.size(), 2U);
    EXPECT_TRUE(failures_[1].fatal);
    EXPECT_EQ(failures_[1].text, "'server s1' : could not resolve address 'pg0'");
}

TEST_F(SystemNames, the_last_address_counts_at_start_and_is_asked_for_then) {
    last_ = {{"nodes/s0", at("127.0.0.7")}, {"nodes/s1", at("127.0.0.7")}, {"nodes/s9", at("::9")}};
    start();
    EXPECT_EQ(addresses_of(0), Addresses{at("127.0.0.7", 5432)});
    EXPECT_EQ(addresses_of(1), Addresses{at("127.0.0.7", 5433)});
    EXPECT_THAT(asked_, ElementsAre("pg1"));
    EXPECT_THAT(due(), ElementsAre("pg0"));
    (void)names_->learn("pg0", answer({at("127.0.0.1")}), now_);
    EXPECT_EQ(addresses_of(0), Addresses{at("127.0.0.1", 5432)});
}

TEST_F(SystemNames, the_last_address_is_not_looked_at_where_init_addr_does_not_say_so) {
    last_ = {{"nodes/s2", at("127.0.0.7")}};
    config_.backends[0].servers[2].naming.init = {{Method::libc}};
    start();
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.2", 5434)});
}

TEST_F(SystemNames, an_unknown_name_is_no_failure_with_init_addr_none) {
    zone_.erase("pg1");
    config_.backends[0].servers[2].naming.init = {{Method::libc}, {Method::none}};
    start();
    ASSERT_EQ(failures_.size(), 1U);
    EXPECT_FALSE(failures_[0].fatal);
    const routing::ServerRow& row = cluster_->table()->at(routing::ServerId{2});
    EXPECT_FALSE(row.accepts);
    EXPECT_EQ(row.cause, routing::Cause::unresolved);
    EXPECT_THAT(due(), ElementsAre("pg1"));
    names_->learn("pg1", answer({at("127.0.0.7")}), now_);
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.7", 5434)});
    EXPECT_TRUE(cluster_->table()->at(routing::ServerId{2}).accepts);
    EXPECT_EQ(names_->next_due(), never);
}

TEST_F(SystemNames, an_unknown_name_is_asked_again_more_and_more_rarely) {
    zone_.erase("pg1");
    config_.backends[0].servers[2].naming.init = {{Method::none}};
    start();
    std::vector<Duration> pauses;
    for (int i = 0; i < 7; ++i) {
        ASSERT_EQ(due().size(), 1U);
        names_->learn("pg1", dns::Answer{}, now_);
        pauses.push_back(names_->next_due() - now_);
        now_ = names_->next_due();
    }
    EXPECT_THAT(pauses, ElementsAre(1s, 2s, 4s, 8s, 16s, 30s, 30s));
}

TEST_F(SystemNames, the_methods_of_init_addr_are_tried_in_turn) {
    zone_.erase("pg1");
    config_.backends[0].servers[2].naming.init = {
        {Method::last}, {Method::libc}, {Method::fixed, at("127.0.0.5")}, {Method::none}};
    start();
    EXPECT_THAT(failures_, IsEmpty());
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.5", 5434)});
}

TEST_F(SystemNames, last_alone_finds_nothing_and_is_told) {
    config_.backends[0].servers[2].naming.init = {{Method::last}};
    start();
    ASSERT_EQ(failures_.size(), 1U);
    EXPECT_TRUE(failures_[0].fatal);
    EXPECT_EQ(failures_[0].text, "'server s2' : no method of 'init-addr' resolves 'pg1'");
}

TEST_F(SystemNames, the_name_of_a_check_is_resolved_too) {
    config_.backends[0].servers[0].check = true;
    config_.backends[0].servers[0].check_address = "status";
    start();
    ASSERT_EQ(failures_.size(), 1U);
    EXPECT_NE(failures_[0].text.find("'status'"), std::string::npos);
    due();
    names_->learn("status", answer({at("127.0.0.3")}), now_);
    EXPECT_EQ(names_->addresses("status", Port{80}), Addresses{at("127.0.0.3", 80)});
}

TEST_F(SystemNames, a_moved_name_moves_its_servers) {
    start();
    names_->suspect("pg1", now_);
    EXPECT_THAT(due(), ElementsAre("pg1"));
    names_->learn("pg1", answer({at("127.0.0.8")}), now_);
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.8", 5434)});
}

TEST_F(SystemNames, an_empty_answer_leaves_what_was_known) {
    start();
    names_->suspect("pg1", now_);
    due();
    now_ += 24h;
    names_->learn("pg1", dns::Answer{}, now_);
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.2", 5434)});
}

TEST_F(SystemNames, a_turned_order_makes_no_new_table) {
    start();
    const auto before = cluster_->table();
    names_->suspect("pg0", now_);
    due();
    names_->learn("pg0", answer({at("::1"), at("127.0.0.1")}), now_);
    EXPECT_EQ(cluster_->table(), before);
}

TEST_F(SystemNames, a_suspected_name_is_asked_at_most_once_a_second) {
    start();
    EXPECT_THAT(due(), IsEmpty());
    names_->suspect("pg1", now_);
    EXPECT_THAT(due(), ElementsAre("pg1"));
    names_->suspect("pg1", now_);
    names_->learn("pg1", answer({at("127.0.0.2")}), now_);
    now_ += 999ms;
    names_->suspect("pg1", now_);
    EXPECT_THAT(due(), IsEmpty());
    now_ += 1ms;
    EXPECT_THAT(due(), ElementsAre("pg1"));
}

TEST_F(SystemNames, a_literal_address_is_never_asked_again) {
    start();
    names_->suspect("127.0.0.9", now_);
    EXPECT_THAT(due(), IsEmpty());
}

// Three servers of one name, a name server away.
class ResolverNames : public NamesTest {
  protected:
    ResolverNames() {
        config_.resolvers.emplace_back().name = "dns";
        config_.resolvers[0].hold_nx = 3s;
        for (std::size_t i = 0; i < 3; ++i)
            slot("pg.x", i);
    }
    config::Server& slot(const std::string& host, std::size_t number) {
        config::Server& added = server(host);
        added.naming.init = {{Method::none}};
        added.naming.resolvers = "dns";
        added.naming.key = host + "@dns";
        added.naming.place = added.naming.key + "#" + std::to_string(number + 1);
        added.naming.number = number;
        added.naming.shared = true;
        return added;
    }
    std::vector<health::Change> says(const std::string& key, const dns::Answer& said) {
        due();
        return names_->learn(key, said, now_);
    }
    std::string state(std::uint32_t id) {
        return cluster_->view(routing::ServerId{id}, now_).state;
    }
};

TEST_F(ResolverNames, each_server_gets_an_address_of_its_own) {
    start();
    says("pg.x@dns", answer({at("10.0.0.1"), at("10.0.0.2")}));
    EXPECT_EQ(addresses_of(0), Addresses{at("10.0.0.1", 5432)});
    EXPECT_EQ(addresses_of(1), Addresses{at("10.0.0.2", 5432)});
    EXPECT_THAT(addresses_of(2), IsEmpty());
    EXPECT_EQ(state(2), "MAINT (resolution)");
    EXPECT_EQ(names_->addresses("pg.x@dns#2", Port{80}), Addresses{at("10.0.0.2", 80)});
}

TEST_F(ResolverNames, who_shares_addresses_when_he_may) {
    for (auto& server : config_.backends[0].servers)
        server.naming.repeat_addresses = true;
    start();
    says("pg.x@dns", answer({at("10.0.0.1")}));
    EXPECT_EQ(addresses_of(2), Addresses{at("10.0.0.1", 5432)});
}

TEST_F(ResolverNames, addresses_of_the_wanted_networks_come_first) {
    for (auto& server : config_.backends[0].servers)
        server.naming.networks = {*Network::parse("10.2.0.0/16"), *Network::parse("10.1.0.0/16")};
    start();
    says("pg.x@dns", answer({at("10.0.0.1"), at("10.1.0.1"), at("10.2.0.1"), at("10.0.0.2")}));
    EXPECT_EQ(addresses_of(0), Addresses{at("10.2.0.1", 5432)});
    EXPECT_EQ(addresses_of(1), Addresses{at("10.1.0.1", 5432)});
    EXPECT_EQ(addresses_of(2), Addresses{at("10.0.0.1", 5432)});
}

TEST_F(ResolverNames, are_asked_every_timeout_resolve) {
    start();
    EXPECT_THAT(due(), ElementsAre("pg.x@dns"));
    EXPECT_EQ(names_->next_due(), never);
    names_->learn("pg.x@dns", answer({at("10.0.0.1")}), now_ + 10ms);
    EXPECT_EQ(names_->next_due(), now_ + 1s);
}

TEST_F(ResolverNames, the_same_name_in_two_listeners_is_checked_once) {
    for (auto& server : config_.backends[0].servers)
        server.check = true;
    config_.backends.push_back(config_.backends[0]);
    config_.backends[1].name = "others";
    start();
    says("pg.x@dns", answer({at("10.0.0.1"), at("10.0.0.2")}));
    EXPECT_EQ(cluster_->questions().size(), 3U);
    EXPECT_EQ(addresses_of(4), Addresses{at("10.0.0.2", 5432)});
}

TEST_F(ResolverNames, an_error_takes_the_address_away_after_its_hold_time) {
    start();
    says("pg.x@dns", answer({at("10.0.0.1")}));
    now_ += 2s;
    EXPECT_THAT(says("pg.x@dns", answer({})), IsEmpty());
    EXPECT_EQ(addresses_of(0), Addresses{at("10.0.0.1", 5432)});
    now_ += 1s;
    const auto changes = says("pg.x@dns", answer({}));
    EXPECT_THAT(addresses_of(0), IsEmpty());
    ASSERT_FALSE(changes.empty());
    EXPECT_THAT(changes[0].line, testing::HasSubstr("Server nodes/s0 is going DOWN for maintenance "
                                                    "(DNS NX status)."));
}

TEST_F(ResolverNames, a_server_that_moved_was_never_judged) {
    auto& server = config_.backends[0].servers[0];
    server.check = true;
    start();
    says("pg.x@dns", answer({at("10.0.0.1")}));
    const auto question = health::QuestionId{0};
    EXPECT_EQ(cluster_->questions()[0].host, "pg.x@dns#1");
    cluster_->asking(question, now_);
    cluster_->observe(question, {now_, {}, health::Connected{}, false, false});
    EXPECT_EQ(state(0), "UP");
    now_ += 1s;
    says("pg.x@dns", answer({at("10.0.0.3")}));
    const routing::ServerRow& row = cluster_->table()->at(routing::ServerId{0});
    EXPECT_EQ(row.cause, routing::Cause::never_judged);
    EXPECT_EQ(row.cut_before, 0U);
    EXPECT_LE(cluster_->next_due(question), now_);
}

dns::Answer services(std::vector<dns::Target> targets) {
    dns::Answer answer;
    answer.status = dns::Status::valid;
    answer.targets = std::move(targets);
    return answer;
}

class ServiceNames : public ResolverNames {
  protected:
    ServiceNames() {
        config_.backends[0].servers.clear();
        for (std::size_t i = 0; i < 2; ++i)
            slot("_pg._tcp.x", i).endpoint.port = Port{0};
    }
};

TEST_F(ServiceNames, give_each_server_host_port_and_weight) {
    start();
    EXPECT_THAT(due(), ElementsAre("_pg._tcp.x@dns"));
    names_->learn("_pg._tcp.x@dns", services({{"a.x", Port{5001}, 512}, {"b.x", Port{5002}, 0}}),
                  now_);
    EXPECT_THAT(due(), ElementsAre("a.x@dns", "b.x@dns"));
    EXPECT_THAT(addresses_of(0), IsEmpty());
    names_->learn("a.x@dns", answer({at("10.0.0.1")}), now_);
    names_->learn("b.x@dns", answer({at("10.0.0.2"), at("10.0.0.3")}), now_);
    EXPECT_EQ(addresses_of(0), Addresses{at("10.0.0.1", 5001)});
    EXPECT_EQ(addresses_of(1), (Addresses{at("10.0.0.2", 5002), at("10.0.0.3", 5002)}));
    EXPECT_EQ(cluster_->table()->servers[0].weight, 2U);
    EXPECT_EQ(cluster_->table()->servers[1].weight, 0U);
    EXPECT_EQ(names_->addresses("_pg._tcp.x@dns#1", Port{0}), Addresses{at("10.0.0.1", 5001)});
    EXPECT_EQ(names_->addresses("_pg._tcp.x@dns#1", Port{80}), Addresses{at("10.0.0.1", 80)});
}

TEST_F(ServiceNames, weights_are_the_files_when_it_says_so) {
    for (auto& server : config_.backends[0].servers)
        server.naming.ignore_weight = true;
    start();
    says("_pg._tcp.x@dns", services({{"a.x", Port{5001}, 512}}));
    says("a.x@dns", answer({at("10.0.0.1")}));
    EXPECT_EQ(cluster_->table()->servers[0].weight, 1U);
}

TEST_F(ServiceNames, a_target_that_left_is_not_asked_any_more) {
    start();
    says("_pg._tcp.x@dns", services({{"a.x", Port{5001}, 1}, {"b.x", Port{5002}, 1}}));
    says("a.x@dns", answer({at("10.0.0.1")}));
    now_ += 1s;
    const auto changes = says("_pg._tcp.x@dns", services({{"b.x", Port{5002}, 1}}));
    ASSERT_FALSE(changes.empty());
    EXPECT_THAT(changes[0].line, testing::HasSubstr("(entry removed from SRV record)"));
    EXPECT_THAT(names_->addresses("a.x@dns", Port{1}), IsEmpty());
    now_ += 1h;
    EXPECT_THAT(due(), testing::Not(testing::Contains("a.x@dns")));
}

}  // namespace
}  // namespace pgsteer::router
