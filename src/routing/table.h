// RoutingTable: everything the data plane needs to know to serve a client, as one immutable value.
// Built by health/build on the control thread, replaced whole; workers adopt the newest at the top
// of their loop. State crosses threads, not events: the newest table alone suffices.
//
// Rows have their place for the life of the process: a reload changes them there, adds new ones at
// the end, and retires what it removes, so that sessions of any age find theirs.
//
// A cut is a number: a session remembers the version of the table it was chosen from and ends when
// its row's cut_before is newer (greater).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/outbound.h"
#include "routing/counters.h"
#include "routing/ring.h"

namespace pgsteer::tls {
class Outgoing;
}

namespace pgsteer::routing {

enum class BackendId : std::uint32_t {};
enum class FrontendId : std::uint32_t {};
template <class Id>
constexpr std::size_t index_of(Id id) {
    return static_cast<std::size_t>(id);
}

using Version = std::uint64_t;  // 1 is the first table

// Why a row accepts sessions or not. One word each, in log, page, metrics, docs and tests.
enum class Cause : std::uint8_t {
    never_judged,  // no verdict yet: unknown is never UP
    up,            // its checks pass
    no_check,      // no `check`: used as it is
    check_failed,  // its checks fail (dead, or not the role the backend wants)
    maintenance,   // an operator's or the file's `disabled`
    unresolved,    // its name stands for no address
    // Fenced: it may not be used whatever its checks say, and its sessions are cut.
    old_timeline,   // it says primary, but a newer timeline is known
    other_system,   // it is of another cluster
    two_primaries,  // another server says primary on the same timeline
    // No new sessions; those it has stay.
    election_open,  // the first election waits until all nodes are heard
    behind,         // a standby of an older timeline than the primary's
    silent,         // its node does not answer; `fall` counts
    unreachable,    // its checks pass, but connects to it fail
    lagging,        // more than max-lag behind the primary
    draining,       // its agent or its check asks for no new sessions
};
std::string_view word(Cause cause);
constexpr bool is_fenced(Cause cause) {
    return cause == Cause::old_timeline || cause == Cause::other_system ||
           cause == Cause::two_primaries;
}

// Does a server in this state do nothing for anybody? One that drains or lags keeps its sessions.
constexpr bool is_down(Cause cause) {
    return cause != Cause::draining && cause != Cause::lagging && cause != Cause::behind &&
           cause != Cause::up && cause != Cause::no_check;
}

// Has nobody decided yet whether it may be used?
constexpr bool is_unjudged(Cause cause) {
    return cause == Cause::never_judged || cause == Cause::election_open;
}

enum class Balance : std::uint8_t { roundrobin, static_rr, leastconn, first, source, random };

struct FrontRules;  // rules.h
struct BackRules;
struct Sample;
class StickTable;  // stick_table.h

// What makes a server's limit smaller for a while; see limit.h.
struct Pace {
    std::uint32_t least = 0;      // minconn; 0: as many as its limit
    std::uint32_t full = 0;       // fullconn of its backend
    std::uint32_t percent = 100;  // of slowstart
    std::shared_ptr<Shared> backend;
};

// Of a server whose connections are not plain ones.
struct Outbound {
    Origin origin;
    Announcement announcement;
    std::shared_ptr<const tls::Outgoing> tls;   // null: sessions go in clear
    std::shared_ptr<const Sample> server_name;  // asked for by TLS; null: none
};

struct ServerRow {
    std::string name;
    BackendId backend{};
    std::vector<Address> addresses;   // tried in this order; empty: the name did not resolve
    std::uint32_t weight = 1;         // 0: no new sessions by balancing
    std::uint32_t number = 0;         // where its places on a ring are; 0: its place in the file
    std::uint32_t limit = unlimited;  // at most; limit_now() says how many now
    Pace pace;
    std::uint32_t most_waiting = 0;  // clients that wait for it alone; 0: any number
    bool sticks = true;              // is kept in stick tables
    bool backup = false;
    bool accepts = false;
    Cause cause = Cause::never_judged;
    Version cut_before = 0;
    Version killed_before = 0;                 // likewise, by an operator
    Version superseded_before = 0;             // likewise: a backup, since others are back
    std::shared_ptr<const Outbound> outbound;  // null: none of it
    std::shared_ptr<Shared> shared;
};

// What a worker says of a frontend's sessions to those who log them, and when.
struct LogNeeds {
    bool at_accept = false, at_connect = false, at_end = false;
    bool empty_sessions = true;  // false: not those whose client sent nothing
    bool destination = false;    // where clients called, and ...
    bool source = false;         // ... from where their servers are
    bool number = false;         // which of the process it is
    bool any() const { return at_accept || at_connect || at_end; }
};

// 0 means "none".
struct Keepalive {
    bool enabled = false;
    seconds idle{0};
    seconds interval{0};
    std::uint32_t count = 0;
};

struct BackendRow {
    std::string name;
    bool retired = false;      // a reload removed it; sessions that it had go on
    std::uint32_t number = 0;  // HAProxy's, for rules
    Balance balance = Balance::roundrobin;
    std::uint32_t random_draws = 2;
    bool consistent = false;           // hashes go by the ring
    bool avalanche = false;            // hashes are mixed first
    std::uint32_t balance_factor = 0;  // percent of the average load a server may have; 0: any
    std::uint32_t weight_unit = 1;     // what a weight of 1 in the file is here
    bool all_backups = false;          // `option allbackups`
    std::vector<ServerId> servers;     // in the order of the file
    // Accepting non-backup servers (backups when there is none), spread smoothly by weight: what
    // roundrobin walks through and source indexes into.
    std::vector<ServerId> schedule;
    Ring ring;  // of the same servers, where hashes are consistent
    milliseconds connect_timeout{0};
    milliseconds server_timeout{0};
    milliseconds server_fin_timeout{0};
    milliseconds tunnel_timeout{0};  // in place of the client's and the server's
    milliseconds queue_timeout{0};
    std::uint32_t retries = 3;
    bool hold = true;             // false: no client waits for lack of a fit server
    bool elastic = false;         // its servers' limits follow its load
    std::uint32_t hold_rate = 0;  // held clients let go a second and worker; 0: all at once
    milliseconds tcp_user_timeout{0};
    Keepalive keepalive;
    std::shared_ptr<const BackRules> rules;  // null: none
    std::shared_ptr<Shared> shared;
};

struct FrontendRow {
    std::string name;
    bool retired = false;      // likewise
    std::uint32_t number = 0;  // HAProxy's, for rules
    BackendId backend{};       // where clients go for whom no rule says otherwise
    bool has_default = true;   // false: they are refused, and `backend` is any that a rule names
    milliseconds client_timeout{0};
    milliseconds client_fin_timeout{0};
    std::uint32_t limit = unlimited;
    bool listens = true;  // false: an operator closed its sockets for a while
    LogNeeds log;
    std::shared_ptr<const FrontRules> rules;  // null: none
    std::shared_ptr<Shared> shared;
};

struct RoutingTable {
    Version version = 0;
    std::vector<ServerRow> servers;      // by ServerId
    std::vector<BackendRow> backends;    // by BackendId
    std::vector<FrontendRow> frontends;  // by FrontendId
    std::uint32_t limit = unlimited;     // global maxconn
    // Until then a client can wait for the first verdicts where rules depend on them. Later a
    // server without a verdict (its name does not resolve) counts as unusable.
    TimePoint settled_by = TimePoint::min();
    std::shared_ptr<Shared> shared;  // the process
    std::vector<std::shared_ptr<StickTable>> stick_tables;

    const ServerRow& at(ServerId id) const { return servers[index_of(id)]; }
    const BackendRow& at(BackendId id) const { return backends[index_of(id)]; }
    const FrontendRow& at(FrontendId id) const { return frontends[index_of(id)]; }
};

}  // namespace pgsteer::routing
