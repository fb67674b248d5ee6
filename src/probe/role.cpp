#include "probe/role.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "base/units.h"
#include "probe/pg_connection.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using health::Role;

// A connection that lived this long deserves a new one at once when it ends; a shorter one counts
// as another failed try, so that a server that throws us out is not stormed.
constexpr seconds long_life{1};

}  // namespace

// Shared by the RoleWatcher and its coroutine, which may outlive it by one wake-up.
struct RoleWatcher::Watch {
    Watch(asio::any_io_executor executor, WatchOptions its_options, OnRoleChange its_on_change)
        : options(std::move(its_options)),
          on_change(std::move(its_on_change)),
          connection(std::move(executor)) {}

    static asio::awaitable<void> run(std::shared_ptr<Watch> watch);
    asio::awaitable<void> one_connection();
    void know(const PgAnswer& answer, TimePoint asked);
    void lose(const std::string& reason);
    void change_to(Role role, const std::string& reason);

    WatchOptions options;
    OnRoleChange on_change;
    PgConnection connection;
    RoleState state;
};

void RoleWatcher::Watch::change_to(Role role, const std::string& reason) {
    if (state.role == role && state.reason == reason) return;
    if (state.role != role || state.since == TimePoint::min()) state.since = Clock::now();
    state.role = role;
    state.reason = reason;
    if (on_change && !connection.stopped()) on_change(state);
}

void RoleWatcher::Watch::know(const PgAnswer& answer, TimePoint asked) {
    const Role role = answer.in_recovery ? Role::standby : Role::primary;
    if (role != state.role) state.timeline.reset();  // a promotion begins another
    if (answer.timeline) state.timeline = answer.timeline;
    if (!answer.lsn.empty()) state.lsn = answer.lsn;
    state.server_version = connection.server_version();
    state.asked = asked;
    state.latency = Clock::now() - asked;
    change_to(role, "");
}

void RoleWatcher::Watch::lose(const std::string& reason) {
    state.timeline.reset();
    state.lsn.clear();
    change_to(Role::unknown, reason);
}

// Connects and asks again and again, until the connection is lost.
asio::awaitable<void> RoleWatcher::Watch::one_connection() {
    const PgParameters parameters{options.conninfo, options.application_name, options.timeout};
    const auto opened = co_await connection.open(parameters);
    if (!opened) {
        lose(opened.error().text);
        co_return;
    }
    TimePoint full_due = Clock::now();
    while (!connection.stopped()) {
        const TimePoint asked = Clock::now();
        const bool full = asked >= full_due;
        const auto answer = co_await connection.ask(full ? PgQuestion::full : PgQuestion::role,
                                                    after(asked, options.timeout));
        if (!answer) {
            lose(answer.error().text);
            co_return;
        }
        if (full) full_due = after(asked, options.full_interval);
        const Role before = state.role;
        know(*answer, asked);
        if (!full && before != state.role) full_due = Clock::now();
        const auto idled = co_await connection.idle(after(asked, options.interval));
        if (!idled) {
            lose(idled.error().text);
            co_return;
        }
    }
}

asio::awaitable<void> RoleWatcher::Watch::run(std::shared_ptr<Watch> watch) {
    milliseconds back_off{0};
    while (!watch->connection.stopped()) {
        const TimePoint begun = Clock::now();
        try {
            co_await watch->one_connection();
        } catch (const std::exception& error) {  // no memory, no descriptor
            watch->lose(error.what());
        }
        const bool answered = watch->state.asked > begun;
        watch->connection.close();
        if (answered && Clock::now() - begun >= long_life)
            back_off = milliseconds(0);
        else
            back_off = std::clamp(2 * back_off, watch->options.least_back_off,
                                  watch->options.most_back_off);
        if (back_off > milliseconds(0)) co_await watch->connection.pause(back_off);
    }
}

RoleWatcher::RoleWatcher(asio::any_io_executor executor, WatchOptions options,
                         OnRoleChange on_change)
    : watch_(std::make_shared<Watch>(executor, std::move(options), std::move(on_change))) {
    asio::co_spawn(executor, Watch::run(watch_), asio::detached);
}

RoleWatcher::~RoleWatcher() {
    watch_->connection.stop();
}

RoleState RoleWatcher::state(TimePoint now) const {
    const WatchOptions& options = watch_->options;
    return believable(watch_->state, options.timeout + options.interval, now);
}

RoleState believable(RoleState state, Duration oldest, TimePoint now) {
    if (state.role == Role::unknown || now - state.asked <= oldest) return state;
    state.role = Role::unknown;
    state.reason = "no answer within " + format_time(std::chrono::round<milliseconds>(oldest));
    state.timeline.reset();
    state.lsn.clear();
    return state;
}

}  // namespace pgsteer::probe
