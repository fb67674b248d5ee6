#include "probe/role.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "base/units.h"
#include "probe/door.h"
#include "probe/pg_connection.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using health::Doubt;
using health::NodeState;
using health::Role;

// A connection that lived this long deserves a new one at once when it ends; a shorter one counts
// as another failed try, so that a server that throws us out is not stormed.
constexpr seconds long_life{1};

}  // namespace

// Shared by the RoleWatcher and its coroutines, which may outlive it by one wake-up.
struct RoleWatcher::Watch {
    Watch(asio::any_io_executor executor, WatchOptions its_options, OnRoleChange its_on_change)
        : options(std::move(its_options)),
          on_change(std::move(its_on_change)),
          connection(executor),
          door(std::move(executor)) {
        state.node.reason = "not asked yet";
    }

    static asio::awaitable<void> run(std::shared_ptr<Watch> watch);
    static asio::awaitable<void> watch_door(std::shared_ptr<Watch> watch);
    asio::awaitable<void> one_connection();
    asio::awaitable<PgOutcome<NodeState>> ask(bool full);
    void know(NodeState node, TimePoint asked);
    asio::awaitable<PgOutcome<void>> rest(TimePoint asked, TimePoint full_due);
    void lose(Doubt doubt, const std::string& reason);
    void change_to(NodeState node);
    milliseconds interval() const;
    milliseconds next_back_off(milliseconds last) const;

    WatchOptions options;
    OnRoleChange on_change;
    PgConnection connection;
    Door door;
    RoleState state;
    TimePoint urgent_until = TimePoint::min();
    TimePoint promotion_until = TimePoint::min();  // it is expected until then
    bool answered = false;                         // on this connection
    bool door_is_shut = false;                     // the last look found new connections unanswered
};

void RoleWatcher::Watch::change_to(NodeState node) {
    const bool same = same_standing(state.node, node);
    const bool other_role = state.node.role != node.role;
    if (other_role || state.since == TimePoint::min()) state.since = Clock::now();
    if (state.node.streaming == true && node.role == Role::standby && node.streaming == false)
        urgent_until = std::max(urgent_until, after(Clock::now(), options.upstream_lost));
    state.node = std::move(node);
    if (!same && on_change && !connection.stopped()) on_change(state);
}

void RoleWatcher::Watch::know(NodeState node, TimePoint asked) {
    state.server_version = connection.server_version();
    state.asked = asked;
    state.latency = Clock::now() - asked;
    answered = true;
    if (door_is_shut) return;
    change_to(std::move(node));
}

void RoleWatcher::Watch::lose(Doubt doubt, const std::string& reason) {
    NodeState unknown;
    unknown.doubt = doubt;
    unknown.reason = reason;
    change_to(std::move(unknown));
}

milliseconds RoleWatcher::Watch::interval() const {
    const TimePoint now = Clock::now();
    if (now < promotion_until && state.node.role == Role::standby)
        return std::min(options.promotion_interval, options.interval);
    return now < urgent_until ? std::min(options.urgent_interval, options.interval)
                              : options.interval;
}

// The role alone is enough in between: the rest stays as the last full question told it. A new role
// is asked about in full before it is told to anybody.
asio::awaitable<PgOutcome<NodeState>> RoleWatcher::Watch::ask(bool full) {
    const TimePoint deadline = after(Clock::now(), options.timeout);
    auto answer = co_await connection.ask(full ? PgQuestion::full : PgQuestion::role, deadline);
    if (!answer || full) co_return answer;
    if (answer->role != state.node.role)
        co_return co_await connection.ask(PgQuestion::full, deadline);
    NodeState node = state.node;
    node.doubt = Doubt::none;
    node.reason.clear();
    co_return node;
}

// Until the next full question is due, or the role is another one.
asio::awaitable<PgOutcome<void>> RoleWatcher::Watch::rest(TimePoint asked, TimePoint full_due) {
    if (!connection.reported_role()) co_return co_await connection.idle(after(asked, interval()));
    BeatPlan plan;
    plan.known = state.node.role;
    plan.last = asked;
    plan.until = full_due;
    plan.timeout = options.timeout;
    plan.interval = [this] { return interval(); };
    plan.on_answer = [this](TimePoint beat) {
        if (door_is_shut) return;
        state.asked = beat;
        state.latency = Clock::now() - beat;
    };
    co_return co_await connection.beat(std::move(plan));
}

// Connects and asks again and again, until the connection is lost.
asio::awaitable<void> RoleWatcher::Watch::one_connection() {
    const PgParameters parameters{options.conninfo, options.application_name, options.timeout};
    const auto opened = co_await connection.open(parameters);
    if (!opened) {
        lose(opened.error().doubt, opened.error().text);
        co_return;
    }
    door.is_at(connection.peer());
    // First: who hears of the role may want to watch it.
    if (options.find_data_directory && state.data_directory.empty())
        state.data_directory =
            co_await connection.data_directory(after(Clock::now(), options.timeout));
    TimePoint full_due = Clock::now();
    while (!connection.stopped()) {
        const TimePoint asked = Clock::now();
        const bool full = asked >= full_due || connection.reported_role();
        auto answer = co_await ask(full);
        PgOutcome<void> rested;
        if (answer) {
            if (full) full_due = after(asked, options.full_interval);
            know(std::move(*answer), asked);
            rested = co_await rest(asked, full_due);
        }
        if (answer && rested) continue;
        const PgFailure failed = answer ? rested.error() : answer.error();
        // A lost connection alone does not tell that the server is lost (somebody may have ended
        // our backend): the next connect does, at once.
        if (failed.doubt != Doubt::gone || !answered) lose(failed.doubt, failed.text);
        co_return;
    }
}

milliseconds RoleWatcher::Watch::next_back_off(milliseconds last) const {
    const milliseconds most = state.node.doubt == Doubt::gone
                                  ? std::min(options.most_gone_back_off, options.most_back_off)
                                  : options.most_back_off;
    return std::clamp(2 * last, std::min(options.least_back_off, most), most);
}

asio::awaitable<void> RoleWatcher::Watch::run(std::shared_ptr<Watch> watch) {
    milliseconds back_off{0};
    while (!watch->connection.stopped()) {
        const TimePoint begun = Clock::now();
        watch->answered = false;
        try {
            co_await watch->one_connection();
        } catch (const std::exception& error) {  // no memory, no descriptor
            watch->lose(Doubt::refused, error.what());
        }
        watch->connection.close();
        const bool lived_long = watch->answered && Clock::now() - begun >= long_life;
        back_off = lived_long ? milliseconds(0) : watch->next_back_off(back_off);
        if (Clock::now() < watch->urgent_until)
            back_off = std::min(back_off, watch->options.interval);
        if (back_off > milliseconds(0)) co_await watch->connection.pause(back_off);
    }
}

// A postmaster can hang while the backends it started live on: our old connection would say that
// all is well, and no client would get in.
asio::awaitable<void> RoleWatcher::Watch::watch_door(std::shared_ptr<Watch> watch) {
    while (!watch->connection.stopped()) {
        co_await watch->door.pause(watch->door_is_shut ? watch->options.interval
                                                       : watch->options.door_interval);
        if (watch->connection.stopped()) co_return;
        const auto answered = co_await watch->door.knock(watch->options.timeout);
        if (watch->connection.stopped()) co_return;
        watch->door_is_shut = answered == Door::Answer::none;
        if (watch->door_is_shut && watch->answered)
            watch->lose(Doubt::silent, "new connections are not answered");
    }
}

RoleWatcher::RoleWatcher(asio::any_io_executor executor, WatchOptions options,
                         OnRoleChange on_change)
    : watch_(std::make_shared<Watch>(executor, std::move(options), std::move(on_change))) {
    asio::co_spawn(executor, Watch::run(watch_), asio::detached);
    if (watch_->options.door_interval.count() > 0)
        asio::co_spawn(executor, Watch::watch_door(watch_), asio::detached);
}

RoleWatcher::~RoleWatcher() {
    watch_->connection.stop();
    watch_->door.stop();
}

RoleState RoleWatcher::state(TimePoint now) const {
    const WatchOptions& options = watch_->options;
    return believable(watch_->state, options.timeout + options.interval, now);
}

void RoleWatcher::hurry(TimePoint until) {
    watch_->urgent_until = std::max(watch_->urgent_until, until);
    watch_->connection.hurry();
}

void RoleWatcher::expect_promotion(TimePoint until) {
    watch_->promotion_until = std::max(watch_->promotion_until, until);
    hurry(until);
}

RoleState believable(RoleState state, Duration oldest, TimePoint now) {
    if (state.node.role == Role::unknown || now - state.asked <= oldest) return state;
    state.node = NodeState{};
    state.node.reason = "no answer within " + format_time(std::chrono::round<milliseconds>(oldest));
    return state;
}

}  // namespace pgsteer::probe
