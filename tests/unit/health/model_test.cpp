// A random world under the cluster: nodes that answer anything, at any time, and workers that fail
// to connect. After each step the promises must hold. The seed is printed with a failure; set
// PGSTEER_SEED to run another one.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "unit/health/sample.h"

namespace pgsteer::health {
namespace {

using routing::Cause;
using routing::RoutingTable;
using routing::ServerId;

std::uint64_t first_seed() {
    const char* given = std::getenv("PGSTEER_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 20260601;
}

class RandomWorld {
  public:
    explicit RandomWorld(std::uint64_t seed)
        : random_(seed),
          config_(random_config()),
          cluster_(config_, {1, now_, [this] { return fraction(); }}) {
        for (const config::Backend& backend : config_.backends)
            for (const config::Server& server : backend.servers)
                servers_.push_back(&server);
        seen_pass_.resize(servers_.size());
        check_table(cluster_.table());
    }

    void step() {
        const auto choice = below(10);
        if (choice == 0) {
            now_ += milliseconds(below(4000));
        } else if (choice == 1) {
            cluster_.connect_failed(static_cast<ServerId>(below(servers_.size())), now_);
        } else if (choice == 2) {
            const auto host = static_cast<std::uint32_t>(0x7f000001 + below(2));
            cluster_.set_addresses(static_cast<ServerId>(below(servers_.size())),
                                   {Address::ipv4(host, Port{5432})});
        } else if (!cluster_.questions().empty()) {
            ask(below(cluster_.questions().size()));
        }
        // Sometimes several things happen between two tables.
        if (below(4) != 0) check_table(cluster_.table());
    }

  private:
    std::size_t below(std::size_t bound) { return random_() % bound; }
    double fraction() { return static_cast<double>(random_() % 1000) / 1000; }

    config::Config random_config() {
        config::Config config = classic(1 + below(4));
        for (config::Backend& backend : config.backends) {
            backend.log_health_checks = below(2) == 0;
            for (config::Server& server : backend.servers) {
                server.rise = static_cast<std::uint32_t>(1 + below(3));
                server.fall = static_cast<std::uint32_t>(1 + below(3));
                server.inter = milliseconds(1 + below(3000));
                if (below(2) == 0) server.fast_inter = milliseconds(1 + below(1000));
                if (below(2) == 0) server.down_inter = milliseconds(1 + below(5000));
                server.check = below(8) != 0;
                server.disabled = below(8) == 0;
                server.backup = below(4) == 0;
                server.cut_when_down = below(3) != 0;
                if (below(6) == 0) server.init_state = config::InitState::up;
            }
        }
        return config;
    }

    Outcome random_outcome() {
        switch (below(6)) {
            case 0:
                return Failure{FailureKind::connect, "Connection refused"};
            case 1:
                return answer(503);
            case 2:
                return Failure{FailureKind::answer_timeout, ""};
            case 3:
            case 4:
                return answer(200);
            default:
                return answer(206);
        }
    }

    void ask(std::size_t index) {
        const auto id = static_cast<QuestionId>(index);
        const TimePoint due = cluster_.next_due(id);
        ASSERT_NE(due, never) << "a question that nobody asks must become due";
        ASSERT_LT(due, now_ + seconds(6));
        // Mostly in time, sometimes before its time.
        if (below(5) != 0) now_ = std::max(now_, due);
        cluster_.asking(id, now_);
        ASSERT_EQ(cluster_.next_due(id), never);
        now_ += milliseconds(below(20));
        const Observation observation{now_, milliseconds(1), random_outcome()};
        const auto* http = std::get_if<HttpAnswer>(&observation.outcome);
        for (const ServerId server : cluster_.questions()[index].servers) {
            const bool wants_primary = routing::index_of(server) < servers_.size() / 2;
            if (http != nullptr && http->status == (wants_primary ? 200 : 206))
                seen_pass_[routing::index_of(server)] = true;
        }
        told_ = cluster_.observe(id, observation);
        for (const Change& change : told_) {
            ASSERT_FALSE(change.line.empty());
            if (change.kind != Change::Kind::state || change.up) continue;
            const std::size_t server = routing::index_of(change.server);
            if (accepted_.count(server) != 0) went_down_.insert(server);
        }
        for (const Change& change : told_)
            if (change.kind == Change::Kind::state) {
                const std::size_t server = routing::index_of(change.server);
                if (change.up)
                    accepted_.insert(server);
                else
                    accepted_.erase(server);
            }
    }

    void check_table(std::shared_ptr<const RoutingTable> table) {
        ASSERT_EQ(cluster_.table(), table) << "equal input made a new table";
        if (table == last_) {
            // Down and up again, or up and down again, between two tables: without a cut there is
            // nothing to carry.
            for (const std::size_t i : went_down_)
                ASSERT_TRUE(!servers_[i]->cut_when_down &&
                            last_->servers[i].accepts == (accepted_.count(i) != 0));
            went_down_.clear();
            return;
        }
        if (last_) {
            ASSERT_EQ(table->version, last_->version + 1);
            ASSERT_TRUE(differ(*table, *last_)) << "a new version of the same";
        }
        for (std::size_t i = 0; i < servers_.size(); ++i)
            check_row(i, *table);
        check_schedules(*table);
        went_down_.clear();
        last_ = std::move(table);
    }

    void check_row(std::size_t i, const RoutingTable& table) {
        const routing::ServerRow& row = table.servers[i];
        const config::Server& server = *servers_[i];
        SCOPED_TRACE(table.at(row.backend).name + "/" + row.name);
        if (server.disabled) {
            ASSERT_EQ(row.cause, Cause::maintenance);
        } else if (!server.check) {
            ASSERT_EQ(row.cause, Cause::no_check);
        } else if (row.accepts) {
            ASSERT_EQ(row.cause, Cause::up);
            ASSERT_TRUE(seen_pass_[i] || server.init_state == config::InitState::up)
                << "unknown was UP";
        }
        ASSERT_EQ(row.accepts, row.cause == Cause::up || row.cause == Cause::no_check);
        const routing::Version before = last_ ? last_->servers[i].cut_before : 0;
        if (went_down_.count(i) != 0 && server.cut_when_down)
            ASSERT_EQ(row.cut_before, table.version) << "went down and is not cut";
        else
            ASSERT_EQ(row.cut_before, before) << "cut without having gone down";
        if (last_ && last_->servers[i].accepts && !row.accepts) {
            ASSERT_EQ(went_down_.count(i), 1U) << "gone from service without a word";
        }
        if (row.accepts && row.cause == Cause::up) accepted_.insert(i);
    }

    static void check_schedules(const RoutingTable& table) {
        for (const routing::BackendRow& backend : table.backends) {
            bool any = false;
            for (const ServerId id : backend.servers)
                any = any || table.at(id).accepts;
            ASSERT_EQ(any, !backend.schedule.empty());
            for (const ServerId id : backend.schedule)
                ASSERT_TRUE(table.at(id).accepts);
        }
    }

    static bool differ(const RoutingTable& a, const RoutingTable& b) {
        for (std::size_t i = 0; i < a.servers.size(); ++i) {
            const routing::ServerRow& x = a.servers[i];
            const routing::ServerRow& y = b.servers[i];
            if (x.accepts != y.accepts || x.cause != y.cause || x.cut_before != y.cut_before ||
                x.addresses != y.addresses)
                return true;
        }
        return false;
    }

    std::mt19937_64 random_;
    TimePoint now_ = TimePoint{} + std::chrono::hours(1);
    config::Config config_;
    Cluster cluster_;
    std::vector<const config::Server*> servers_;
    std::vector<bool> seen_pass_;      // by server: an answer it wants was given once
    std::set<std::size_t> accepted_;   // as told in changes
    std::set<std::size_t> went_down_;  // since the last table
    std::vector<Change> told_;
    std::shared_ptr<const RoutingTable> last_;
};

TEST(ClusterInARandomWorld, KeepsItsPromises) {
    const std::uint64_t first = first_seed();
    for (std::uint64_t seed = first; seed < first + 200; ++seed) {
        SCOPED_TRACE("PGSTEER_SEED=" + std::to_string(seed));
        RandomWorld world(seed);
        for (int step = 0; step < 400 && !testing::Test::HasFatalFailure(); ++step)
            world.step();
        if (testing::Test::HasFatalFailure()) return;
    }
}

}  // namespace
}  // namespace pgsteer::health
