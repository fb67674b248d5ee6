// Probes: everything that asks a node something, each in a task of its own on the control thread:
// the checks of the file, streams of agents that offer one, role watchers of the router's own, and
// connects to servers that workers could not reach. Evidence goes to the cluster; what it changes
// goes to `took`. Owned by Control.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "health/cluster.h"
#include "probe/ask.h"
#include "probe/role.h"
#include "router/names.h"

namespace pgsteer::router {

using Task = boost::asio::awaitable<void>;

struct ProbesParts {
    boost::asio::io_context& io;
    health::Cluster& cluster;
    Names& names;
    std::function<void(Task)> start;  // runs a task whose failure ends the process
    std::function<void(const std::vector<health::Change>&)> took;
    std::function<void(const std::string& host)> ask_name_again;
};

class Probes {
  public:
    explicit Probes(ProbesParts parts);

    void start();
    // There may be new questions, others may be due earlier, and nobody may want the answer of
    // some.
    void follow_questions();
    // Names stand for other addresses: who is followed there is let go.
    void follow_addresses();
    // Evidence moved the due time of some questions: only their timers are disturbed.
    void wake_due();
    // Somebody waits for a server of these nodes: who watches them is to ask as often as it may.
    void hurry(const std::vector<health::QuestionId>& questions);
    // Tries to connect to a server that the cluster calls unreachable, until it can.
    void reach(routing::ServerId server);

  private:
    using Places = std::vector<std::vector<Address>>;  // of each peer
    struct Asker {
        explicit Asker(boost::asio::io_context& io)
            : due(io), leave(io, boost::asio::steady_timer::time_point::max()) {}
        bool asks = false;  // its loop runs; it ends when nobody wants the answer
        boost::asio::steady_timer due;
        std::unique_ptr<probe::RoleWatcher> watcher;  // of `option pgsql-role-check`
        bool follows_stream = false;
        Places places;                    // of the watcher or the stream
        boost::asio::steady_timer leave;  // cancelled: the stream is another machine's
    };

    void add_asker();
    void start_asking(health::QuestionId id);
    bool is_wanted(health::QuestionId id) const { return !question(id).servers.empty(); }
    Task probe_loop(health::QuestionId id);
    boost::asio::awaitable<health::Observation> ask_now(health::QuestionId id);
    Task follow(health::QuestionId id);
    Task watcher_loop(health::QuestionId id);
    void watch_place(health::QuestionId id);
    Task hurry_agent(health::QuestionId id);
    Task reach_loop(routing::ServerId server);
    // The second witness of a failed check, when there is one.
    boost::asio::awaitable<bool> postgres_answers(health::QuestionId id);

    const health::Question& question(health::QuestionId id) const {
        return parts_.cluster.questions()[static_cast<std::size_t>(id)];
    }
    Asker& asker(health::QuestionId id) { return *askers_[static_cast<std::size_t>(id)]; }
    std::vector<Address> session_addresses(routing::ServerId server) const;
    Places places_of(const health::Question& question) const;
    probe::Target target_of(const health::Question& question) const;
    void observe(health::QuestionId id, const health::Observation& observation);
    void observe_watcher(health::QuestionId id, const probe::RoleState& state);

    ProbesParts parts_;
    std::vector<std::unique_ptr<Asker>> askers_;  // by QuestionId
    std::vector<bool> reaching_;                  // by ServerId
};

}  // namespace pgsteer::router
