// ServerState: what the control plane knows about one server. Owned by Cluster; control thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "health/admin.h"
#include "health/agent_reply.h"
#include "health/cluster.h"
#include "health/judge.h"
#include "health/lag.h"
#include "health/slow_start.h"
#include "health/thresholds.h"
#include "health/verdict.h"

namespace pgsteer::health {

struct ServerState {
    ServerState(std::shared_ptr<const config::Server> its_line,
                std::shared_ptr<const config::Backend> its_backend);
    // Goes by another line of the same server from now on, and keeps its verdict.
    void follow(std::shared_ptr<const config::Server> its_line,
                std::shared_ptr<const config::Backend> its_backend);

    // A server in maintenance is not asked, as in HAProxy.
    bool maintenance() const;
    bool asked() const {
        return config->check && !maintenance() && !unresolved && !admin.checks_paused;
    }
    bool agent_asked() const {
        return config->agent.enabled && !maintenance() && !unresolved && !admin.agent_paused;
    }
    milliseconds agent_interval() const { return config->agent.inter.value_or(config->inter); }
    // Its line of the file with what an operator changed of whom its checks ask.
    config::Server line_with_orders() const;
    // Where its sessions go: what its name stands for, unless an operator said otherwise.
    std::vector<Address> session_addresses() const;
    // Nothing that was known of it is known any more: unknown is never UP.
    void forget();
    Axes axes() const;
    std::uint32_t weight() const;   // the file's, or what its agent made of it
    std::uint32_t maxconn() const;  // likewise
    Candidate candidate() const;
    // Nobody answers for it, and `fall` has been counted: dead, for all that is known.
    bool lost() const { return !tells() && rise_fall.verdict() == Verdict::down; }
    // It was heard at the last look, and knew what it is.
    bool tells() const { return heard && !(node && node->role == Role::unknown); }
    // Would what it said of itself last stand while nobody answers for it but PostgreSQL itself? A
    // standby whose lag is limited needs somebody who measures it.
    bool may_be_vouched_for() const;
    std::string text() const;  // for ServerView::state

    AdminState admin;
    std::uint32_t number = 0;  // in its backend, from 1; that of a removed one is given anew
    bool removed = false;      // by an operator or a reload: its row stays, nobody sees it
    TimePoint removed_at{};
    std::shared_ptr<const config::Server> config;
    std::shared_ptr<const config::Backend> backend;
    RiseFall rise_fall;
    Judge judge;
    std::vector<Address> addresses;
    bool unresolved = false;  // its name stands for no address
    std::string unresolved_why;
    std::optional<std::uint32_t> dns_weight;  // of its SRV record
    std::optional<QuestionId> question;
    TimePoint next_due = never;
    bool spread = false;  // its first gap has been shortened
    // `agent-check`: its own question and turns, and what it has said so far.
    std::optional<QuestionId> agent_question;
    TimePoint agent_due = never;
    AgentOrders agent;
    Judgement last_agent;  // how the last asking ended
    Duration agent_latency{};
    bool moved_by_agent = false;           // what is decided in this turn
    const ServerState* tracked = nullptr;  // whose checks count for this one; never in a circle
    std::uint32_t observed_errors = 0;     // `observe`: failed connects since one succeeded
    std::uint64_t sessions_then = 0;       // that had succeeded at the last of them
    Judgement last;
    std::optional<NodeState> node;  // what the node said of itself last
    bool heard = false;             // somebody answered at the last look
    // What it said last when it knew its role: its vote. It stands while nothing is heard, for who
    // was fenced, behind or lagging must not become fit by falling silent.
    std::optional<NodeState> vote;
    Standing standing = Standing::free;
    std::string standing_words;         // why, when it is not free
    Lag lag;                            // by its vote
    std::uint32_t share = whole_share;  // of new sessions, by its lag
    // Workers' connects to it failed, and none has succeeded since.
    bool unreachable = false;
    std::uint32_t failed_connects = 0;
    bool vouched_for = false;  // its checks go unanswered, PostgreSQL itself answers
    TimePoint first_failed_connect = TimePoint::min();
    std::string connect_error;
    bool has_failed = false;          // it was seen DOWN since it last came UP
    std::optional<TimePoint> rising;  // since when its slow start runs
    TimePoint next_step = never;
    Ramp ramp;
    Decision decided;         // as of the last time anything was taken
    bool may_be_cut = false;  // it has accepted since its last cut
    Duration latency{};
    TimePoint last_check{};
    TimePoint last_change{};
    std::uint64_t checks_failed = 0;  // as HAProxy counts: while it was not settled DOWN
    std::uint64_t times_down = 0;
    Duration downtime{};  // until last_change
    routing::Version killed_before = 0;
    routing::Version cut_before = 0;
    routing::Version superseded_before = 0;
};

}  // namespace pgsteer::health
