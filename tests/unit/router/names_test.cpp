#include "router/names.h"

#include <gtest/gtest.h>

namespace pgsteer::router {
namespace {

using namespace std::chrono_literals;
using Addresses = std::vector<Address>;

Address at(const char* ip, std::uint16_t port = 0) {
    return *Address::from_literal(ip, Port{port});
}

// A backend of two servers on one host, one on another, one with a literal address.
class NamesTest : public testing::Test {
  protected:
    NamesTest() {
        config::Backend backend;
        backend.name = "nodes";
        for (const char* host : {"pg0", "pg0", "pg1", "127.0.0.9"}) {
            config::Server server;
            server.name = "s" + std::to_string(backend.servers.size());
            server.endpoint.host = host;
            server.endpoint.port = Port{static_cast<std::uint16_t>(5432 + backend.servers.size())};
            backend.servers.push_back(server);
        }
        config_.backends.push_back(backend);
    }
    void start() {
        cluster_.emplace(config_, health::ClusterOptions{1, now_, [] { return 0.5; }});
        names_.emplace(*cluster_, config_.backends[0].servers.size());
        failures_ = names_->resolve_all([this](const std::string& host, Port port) {
            asked_.push_back(host);
            return answer(host, port);
        });
    }
    Result<Addresses> answer(const std::string& host, Port port) const {
        if (const auto literal = Address::from_literal(host, port)) return Addresses{*literal};
        if (const auto found = zone_.find(host); found != zone_.end()) return found->second;
        return Error{"could not resolve address '" + host + "'"};
    }
    Addresses addresses_of(std::uint32_t server) {
        return cluster_->table()->at(routing::ServerId{server}).addresses;
    }

    const TimePoint now_ = TimePoint(1000s);
    config::Config config_;
    std::map<std::string, Addresses> zone_{{"pg0", {at("127.0.0.1"), at("::1")}},
                                           {"pg1", {at("127.0.0.2")}}};
    std::optional<health::Cluster> cluster_;
    std::optional<Names> names_;
    std::vector<NameFailure> failures_;
    std::vector<std::string> asked_;
};

TEST_F(NamesTest, every_server_gets_all_addresses_with_its_own_port) {
    start();
    EXPECT_TRUE(failures_.empty());
    EXPECT_EQ(addresses_of(0), (Addresses{at("127.0.0.1", 5432), at("::1", 5432)}));
    EXPECT_EQ(addresses_of(1), (Addresses{at("127.0.0.1", 5433), at("::1", 5433)}));
    EXPECT_EQ(addresses_of(3), Addresses{at("127.0.0.9", 5435)});
}

TEST_F(NamesTest, a_name_of_several_servers_is_asked_once) {
    zone_.erase("pg1");
    start();
    EXPECT_EQ(std::count(asked_.begin(), asked_.end(), "pg0"), 1);
}

TEST_F(NamesTest, every_line_with_an_unknown_name_is_told) {
    zone_.erase("pg0");
    start();
    ASSERT_EQ(failures_.size(), 2U);
    EXPECT_EQ(failures_[1].text, "'server s1' : could not resolve address 'pg0'");
}

TEST_F(NamesTest, an_unknown_name_is_no_failure_with_init_addr_none) {
    zone_.erase("pg1");
    config_.backends[0].servers[2].resolve_at_start = false;
    start();
    EXPECT_TRUE(failures_.empty());
    EXPECT_EQ(names_->unknown(), std::vector<std::string>{"pg1"});
    names_->learn("pg1", {at("127.0.0.7")});
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.7", 5434)});
    EXPECT_TRUE(names_->unknown().empty());
}

TEST_F(NamesTest, the_name_of_a_check_is_resolved_too) {
    config_.backends[0].servers[0].check = true;
    config_.backends[0].servers[0].check_address = "status";
    start();
    ASSERT_EQ(failures_.size(), 1U);
    EXPECT_NE(failures_[0].text.find("'status'"), std::string::npos);
    names_->learn("status", {at("127.0.0.3")});
    EXPECT_EQ(names_->addresses("status", Port{80}), Addresses{at("127.0.0.3", 80)});
}

TEST_F(NamesTest, a_moved_name_moves_its_servers) {
    start();
    names_->learn("pg1", {at("127.0.0.8")});
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.8", 5434)});
}

TEST_F(NamesTest, an_empty_answer_leaves_what_was_known) {
    start();
    names_->learn("pg1", {});
    EXPECT_EQ(addresses_of(2), Addresses{at("127.0.0.2", 5434)});
}

TEST_F(NamesTest, a_turned_order_makes_no_new_table) {
    start();
    const auto before = cluster_->table();
    names_->learn("pg0", {at("::1"), at("127.0.0.1")});
    EXPECT_EQ(cluster_->table(), before);
}

TEST_F(NamesTest, a_name_is_asked_at_most_once_a_second) {
    start();
    EXPECT_TRUE(names_->may_ask("pg0", now_));
    EXPECT_FALSE(names_->may_ask("pg0", now_ + 999ms));
    EXPECT_TRUE(names_->may_ask("pg1", now_ + 999ms));
    EXPECT_TRUE(names_->may_ask("pg0", now_ + 1s));
}

TEST_F(NamesTest, a_literal_address_is_never_asked_again) {
    start();
    EXPECT_FALSE(names_->may_ask("127.0.0.9", now_));
}

}  // namespace
}  // namespace pgsteer::router
