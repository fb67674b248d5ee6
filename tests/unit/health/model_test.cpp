// A random world under the cluster: nodes that answer anything, at any time, with a vote or without
// one, and workers that fail to connect. After each step the promises must hold. The seed is
// printed with a failure; set PGSTEER_SEED to run another one.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <map>
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
          cluster_(config_, {1, now_, [this] { return fraction(); }}),
          voters_(below(4) != 0) {
        for (const config::Backend& backend : config_.backends)
            for (const config::Server& server : backend.servers)
                servers_.push_back(&server);
        seen_pass_.resize(servers_.size());
        said_.resize(servers_.size());
        votes_.resize(servers_.size());
        served_.resize(servers_.size());
        check_table(cluster_.table());
    }

    void step() {
        const auto choice = below(10);
        if (choice == 0) {
            now_ += milliseconds(below(4000));
        } else if (choice == 1) {
            const auto server = static_cast<ServerId>(below(servers_.size()));
            if (below(2) == 0)
                hear(cluster_.connect_failed(server, below(2) == 0 ? ECONNREFUSED : ETIMEDOUT,
                                             now_));
            else
                hear(cluster_.reached(server, now_));
        } else if (choice == 2) {
            const std::size_t server = below(servers_.size());
            const auto host = static_cast<std::uint32_t>(0x7f000001 + 2 * server + below(2));
            move(server, Address::ipv4(host, Port{5432}));
        } else if (choice == 3 && cluster_.next_change() != never) {
            now_ = std::max(now_, cluster_.next_change());
            hear(cluster_.advance(now_));
            ASSERT_GT(cluster_.next_change(), now_) << "the election must not wait for ever";
        } else if (!cluster_.questions().empty()) {
            ask(below(cluster_.questions().size()));
        }
        // Sometimes several things happen between two tables.
        if (below(4) != 0) check_table(cluster_.table());
    }

  private:
    // To another machine: what was heard of the one before is nothing now.
    void move(std::size_t server, const Address& address) {
        const auto id = static_cast<ServerId>(server);
        const auto before = cluster_.session_addresses(id);
        if (!before.empty() && before.front() != address) {
            said_[server].reset();
            votes_[server].reset();
            seen_pass_[server] = false;
        }
        hear(cluster_.move(id, {{address}, {}, "x"}, now_));
    }

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

    // What a node may say: a promotion now and then, old primaries that come back, strangers.
    NodeState random_node(bool primary) {
        NodeState node;
        node.doubt = Doubt::none;
        node.role = primary ? Role::primary : Role::standby;
        if (below(8) != 0) node.timeline = pgwire::Timeline{timeline()};
        if (below(8) != 0) node.system = pgwire::SystemId{below(8) == 0 ? 7ULL : 1ULL};
        node.lsn = pgwire::Lsn{below(100)};
        return node;
    }
    std::uint32_t timeline() {
        if (below(20) == 0) ++newest_timeline_;
        return newest_timeline_ - static_cast<std::uint32_t>(below(4) == 0 ? 1 : 0);
    }

    HttpAnswer random_answer(bool primary) {
        HttpAnswer given = answer(primary ? 200 : 206);
        if (voters_ && below(10) != 0) given.node = random_node(primary);
        return given;
    }

    Outcome random_outcome() {
        switch (below(6)) {
            case 0:
                return Failure{FailureKind::connect, "Connection refused"};
            case 1: {
                HttpAnswer down = answer(503);
                if (voters_) {
                    down.node = NodeState{};
                    down.node->doubt = static_cast<Doubt>(1 + below(3));
                }
                return down;
            }
            case 2:
                return Failure{FailureKind::answer_timeout, ""};
            case 3:
            case 4:
                return random_answer(true);
            default:
                return random_answer(false);
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
        Observation observation{now_, milliseconds(1), random_outcome(), voters_ && below(2) == 0};
        const auto* http = std::get_if<HttpAnswer>(&observation.outcome);
        observation.postgres_answers = http == nullptr && below(3) == 0;
        for (const ServerId server : cluster_.questions()[index].servers) {
            const bool wants_primary = routing::index_of(server) < servers_.size() / 2;
            if (http != nullptr && http->status == (wants_primary ? 200 : 206))
                seen_pass_[routing::index_of(server)] = true;
            // Who is not heard, or knows nothing of itself, takes nothing back.
            if (http == nullptr) continue;
            said_[routing::index_of(server)] = http->node;
            auto& vote = votes_[routing::index_of(server)];
            if (!http->node || http->node->role != Role::unknown) vote = http->node;
            if (vote && vote->timeline) {
                auto& newest = newest_seen_[vote->system];
                newest = std::max(newest, *vote->timeline);
            }
        }
        hear(cluster_.observe(id, observation));
    }

    void hear(const std::vector<Change>& told) {
        for (const Change& change : told) {
            ASSERT_FALSE(change.line.empty());
            if (change.kind != Change::Kind::state || change.up) continue;
            told_of_.insert(routing::index_of(change.server));
            const std::size_t server = routing::index_of(change.server);
            if (accepted_.count(server) != 0) went_down_.insert(server);
        }
        for (const Change& change : told)
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
                ASSERT_EQ(last_->servers[i].accepts, accepted_.count(i) != 0);
            went_down_.clear();
            return;
        }
        if (last_) {
            ASSERT_EQ(table->version, last_->version + 1);
            ASSERT_TRUE(differ(*table, *last_)) << "a new version of the same";
        }
        for (std::size_t i = 0; i < servers_.size(); ++i)
            check_row(i, *table);
        check_roles(*table);
        check_schedules(*table);
        went_down_.clear();
        told_of_.clear();
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
        ASSERT_TRUE(row.cut_before == before || row.cut_before == table.version);
        if (row.accepts) served_[i] = true;
        const bool must_be_cut = routing::is_fenced(row.cause) ||
                                 (row.cause == Cause::check_failed && server.cut_when_down);
        if (must_be_cut && served_[i]) {
            // By this table, or by an earlier one since it served last.
            ASSERT_EQ(row.cut_before, table.version) << "its sessions live on";
            served_[i] = false;
        }
        if (row.cut_before == table.version) {
            served_[i] = row.accepts;  // cut, and fit again, between two tables
            ASSERT_TRUE(must_be_cut || told_of_.count(i) != 0) << "cut without a reason";
        }
        if (last_ && last_->servers[i].accepts && !row.accepts) {
            ASSERT_EQ(went_down_.count(i), 1U) << "gone from service without a word";
        }
        if (row.accepts && row.cause == Cause::up) accepted_.insert(i);
    }

    // Rule 2, by what the nodes said last.
    void check_roles(const RoutingTable& table) {
        for (const routing::BackendRow& backend : table.backends) {
            std::size_t primaries = 0;
            std::set<std::optional<pgwire::SystemId>> systems;
            for (const ServerId id : backend.servers) {
                const auto& said = said_[routing::index_of(id)];
                const auto& vote = votes_[routing::index_of(id)];
                if (!table.at(id).accepts || table.at(id).cause != Cause::up) continue;
                ASSERT_FALSE(said && said->role == Role::unknown && said->doubt == Doubt::silent);
                if (!vote) continue;
                if (vote->system) systems.insert(vote->system);
                if (vote->role != Role::primary) continue;
                ++primaries;
                ASSERT_GE(vote->timeline.value_or(pgwire::Timeline{0}), newest_seen_[vote->system])
                    << "a lower timeline after a higher one was seen";
            }
            ASSERT_LE(primaries, 1U) << "two primaries take sessions";
            ASSERT_LE(systems.size(), 1U) << "two systems take sessions";
        }
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
    std::vector<bool> seen_pass_;                  // by server: an answer it wants was given once
    std::set<std::size_t> accepted_;               // as told in changes
    std::set<std::size_t> told_of_;                // bad news since the last table
    std::set<std::size_t> went_down_;              // since the last table
    std::vector<std::optional<NodeState>> said_;   // by server: last
    std::vector<std::optional<NodeState>> votes_;  // by server: last, with a role
    std::vector<bool> served_;                     // by server: since it was cut last
    std::map<std::optional<pgwire::SystemId>, pgwire::Timeline> newest_seen_;
    std::uint32_t newest_timeline_ = 2;
    bool voters_ = false;
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
