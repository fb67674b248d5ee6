// Cluster: everything known about the nodes, and the one place that decides who takes sessions.
// Pure: time is an argument, nothing is sent or read. Owned by router/control; control thread only.
// Probes put observations in, the router takes routing tables out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "health/admin.h"
#include "health/lag.h"
#include "health/observation.h"
#include "routing/table.h"

namespace pgsteer::health {

enum class QuestionId : std::uint32_t {};

// Where a connect step of a check goes, and how.
struct Peer {
    std::string host;
    Port port{0};
    std::optional<Address> unix_socket;
    bool tls = false;
    Announcement announcement;
    Origin origin;
    std::string sni;
    std::vector<std::string> alpn;
    friend bool operator==(const Peer&, const Peer&) = default;
};

// What an external check runs, with all that is known before it is.
struct Program {
    std::string command;
    std::string proxy_address, proxy_port;
    std::vector<std::string> environment;
    friend bool operator==(const Program&, const Program&) = default;
};

// What a probe asks one node: asked once however many servers (of several listeners) want the
// answer.
struct Question {
    std::string host;  // of the check: `addr`, else the server's
    Port port{0};      // of the check: `port`, else the server's
    std::optional<Address> unix_socket;
    std::vector<Peer> peers;  // one for each connect step
    Program program;          // of an external check
    config::CheckTls tls;     // who is believed, where a peer speaks TLS
    // Expectations of the last HTTP answer belong to who asks and are not in it.
    config::Check check;
    bool wants_body = false;  // of the last HTTP answer
    milliseconds connect_timeout{0};
    milliseconds answer_timeout{0};
    std::vector<routing::ServerId> servers;  // who wants the answer
};

// Something for the log: a server changed between UP and DOWN (or got its first verdict), its proxy
// thereby lost its last server, it moved (its name stands for another address), or, with `option
// log-health-checks`, a check told something new.
struct Change {
    enum class Kind : std::uint8_t { check, state, last_server_gone, moved };
    Kind kind = Kind::state;
    routing::ServerId server{};
    std::string line;  // HAProxy's words: "Server ReadWrite/pg0 is DOWN, reason: Layer7 wrong ..."
    bool up = false;   // good news
    // For those who write it:
    routing::Cause cause = routing::Cause::never_judged;
    bool is_loss = false;   // state: it is DOWN, which nobody ordered
    std::string gist = {};  // the line without what differs each time
};

// What pages show of one server beside its routing row.
struct ServerView {
    std::string proxy, name;
    std::uint32_t number = 0;  // in its backend, from 1
    std::string state;         // HAProxy's: "UP", "DOWN", "UP 1/3", "DOWN 1/2", "MAINT", "no check"
    Role role = Role::unknown;
    std::optional<NodeState> node;  // its vote
    Lag lag;
    std::string why;         // it is fenced or behind, in words
    std::string check_word;  // "L7OK", "L4CON" ...; empty before the first check
    int check_code = 0;      // HTTP status, 0 when none
    std::string check_text;  // reason in words
    Duration check_latency{};
    TimePoint last_check{};
    TimePoint last_change{};
    std::uint64_t checks_failed = 0;
    std::uint64_t times_down = 0;
    Duration downtime{};  // in all, up to now
    // The operator's side, and what its lines and its agent make of it.
    AdminState admin;
    bool maintenance = false, draining = false;
    std::string tracked;  // "BACKEND/SERVER"
    std::uint32_t user_weight = 0, first_weight = 0;
    bool checked = false;     // a check is configured and not paused
    bool judged = false;      // a check has decided something
    std::string check_words;  // "Layer7 check passed"
    std::uint32_t rise = 0, fall = 0, health = 0;
    bool agent_checked = false, agent_down = false;
    std::string agent_word, agent_words, agent_text;
    int agent_code = 0;
    Duration agent_latency{};
};

// A backend as one: it is up while one of its servers takes sessions.
struct BackendHealth {
    bool up = false;
    std::uint64_t times_down = 0;
    TimePoint last_change{};
    Duration downtime{};  // until last_change
};

// What the name of a server stands for.
struct Whereabouts {
    std::vector<Address> addresses;       // empty: for nothing
    std::optional<std::uint32_t> weight;  // of its SRV record, in HAProxy's numbers
    std::string told;                     // by whom; or why it stands for nothing
};

struct ClusterOptions {
    std::size_t workers = 1;
    TimePoint now;
    std::function<double()> jitter;  // uniform in [0, 1)
};

struct SavedServer;  // saved_state.h

// What a reload did to the servers.
struct Reloaded {
    std::vector<Change> changes;
    std::size_t unchanged = 0;               // what is known of them stands
    std::size_t judged_anew = 0;             // new ones, and those whose checks ask something else
    std::vector<routing::ServerId> removed;  // their sessions go on
};

class Cluster {
  public:
    // `config` must outlive the cluster. ServerIds follow the file: backends in order, their
    // servers in order; BackendId and FrontendId (mode tcp frontends only) likewise. Servers have
    // no address until move().
    Cluster(const config::Config& config, const ClusterOptions& options);
    // Likewise, and the cluster keeps of the configuration what it needs.
    Cluster(std::shared_ptr<const config::Config> config, const ClusterOptions& options);
    ~Cluster();

    // Goes by another configuration (reload.cpp). Ids stay: who is in both keeps its id, counters,
    // what an operator said, and, while its checks ask the same, its verdict. All others are judged
    // anew. Those that are only in the old one take no sessions any more.
    Reloaded reload(std::shared_ptr<const config::Config> config, TimePoint now);
    // At start: what the servers were before it, by a file of that age (saved_state.cpp). What
    // their checks found stands until the first of them is answered, and only while the file is
    // young and the server where it was. Answers for how many servers there was a line.
    std::size_t restore(std::span<const SavedServer> saved, Duration age, TimePoint now);
    // Those there are, by id.
    std::vector<routing::ServerId> servers() const;
    // Since when, of one that is removed.
    std::optional<TimePoint> removed_at(routing::ServerId server) const;

    const std::vector<Question>& questions() const;
    // When the question wants to be asked next; `never` while its probe is under way.
    TimePoint next_due(QuestionId question) const;
    void asking(QuestionId question, TimePoint now);
    std::vector<Change> observe(QuestionId question, const Observation& observation);
    // Whom was asked is not who is meant any more: the answer says nothing, and it is due again.
    void asked_in_vain(QuestionId question);
    // The question's check failed: the server whose PostgreSQL, where its sessions go, can be asked
    // as a second witness. None when that is where the check went, or when it could change nothing.
    std::optional<routing::ServerId> second_witness(QuestionId question) const;
    // Something speaks against the node: it is to be asked at once (bounded in rate).
    void suspect(QuestionId question);
    // A worker could not connect: evidence. The node is asked again at once (bounded in rate). A
    // server that cannot be connected to is unreachable until reached() says otherwise; meanwhile
    // somebody must try. `words` stand for the error number where that says too little.
    std::vector<Change> connect_failed(routing::ServerId server, int error_number, TimePoint now,
                                       std::string words = "");
    bool unreachable(routing::ServerId server) const;
    std::vector<Change> reached(routing::ServerId server, TimePoint now);
    // When time alone changes a decision (`never` mostly), and what it changes.
    TimePoint next_change() const;
    std::vector<Change> advance(TimePoint now);

    const config::Server& server_config(routing::ServerId server) const;
    std::vector<QuestionId> questions_of(routing::BackendId backend) const;
    std::uint32_t sessions_of(QuestionId question) const;  // of its first server
    // What `http-check send-state` tells a server of itself; empty: its backend has no such line.
    std::string told_state(QuestionId question, TimePoint now) const;
    // Its name stands for something else now, or for nothing (move.cpp).
    std::vector<Change> move(routing::ServerId server, Whereabouts where, TimePoint now);

    // What an operator says. The next table has it; these are the only ways in (administer.cpp).
    std::optional<routing::ServerId> find(std::string_view backend, std::string_view server) const;
    const AdminState& admin(routing::ServerId server) const;
    std::vector<Change> administer(routing::ServerId server, const AdminState& admin,
                                   TimePoint now);
    std::vector<Change> force_health(routing::ServerId server, ForcedHealth health, TimePoint now);
    std::vector<Change> force_agent(routing::ServerId server, bool up, TimePoint now);
    // All sessions that it has now end.
    void end_sessions(routing::ServerId server);
    const FrontendAdmin& admin(routing::FrontendId frontend) const;
    void administer(routing::FrontendId frontend, const FrontendAdmin& admin);
    void set_limit(std::uint32_t sessions);  // of the process
    // By "BACKEND/SERVER", those alone of whom an operator said something.
    std::map<std::string, AdminState> admin_states() const;
    // Named like no other of its backend; in maintenance until somebody says otherwise.
    routing::ServerId add_server(routing::BackendId backend, config::Server server, TimePoint now);
    // It is in maintenance and has no session. Its id is not used again.
    void remove_server(routing::ServerId server);
    std::vector<Address> session_addresses(routing::ServerId server) const;
    // Where connections to it come from.
    const Origin& origin(routing::ServerId server) const;
    const config::Backend& backend_config(routing::ServerId server) const;
    BackendHealth backend_health(routing::BackendId backend, TimePoint now) const;

    // The newest table: a new version only when something changed since the last call.
    std::shared_ptr<const routing::RoutingTable> table();
    ServerView view(routing::ServerId server, TimePoint now) const;

  private:
    struct State;
    class Reload;
    std::unique_ptr<State> state_;
};

}  // namespace pgsteer::health
