// The reload: the files are read again, off the control thread; if all is well the new
// configuration is taken over in one turn of it. Until then nothing has changed, and a mistake
// leaves it so.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "base/log.h"
#include "base/service_manager.h"
#include "health/build.h"
#include "router/control.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

// Those of `paths` that are not among `others`.
std::vector<OwnedPath> without(const std::vector<OwnedPath>& paths,
                               const std::vector<OwnedPath>& others) {
    std::vector<OwnedPath> left;
    for (const OwnedPath& path : paths)
        if (std::none_of(others.begin(), others.end(), [&](const OwnedPath& other) {
                return other.path == path.path && other.inode == path.inode;
            }))
            left.push_back(path);
    return left;
}

// Listeners were opened for a table whose frontends had other places.
relay::Listeners placed(const relay::Listeners& listeners, const routing::RoutingTable& from,
                        const routing::RoutingTable& to) {
    relay::Listeners placed;
    for (const auto& listener : listeners) {
        const auto row =
            std::find_if(to.frontends.begin(), to.frontends.end(), [&](const auto& frontend) {
                return frontend.name == from.at(listener->frontend).name;
            });
        relay::Listener own = *listener;
        own.frontend = static_cast<routing::FrontendId>(row - to.frontends.begin());
        placed.push_back(std::make_shared<const relay::Listener>(std::move(own)));
    }
    return placed;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : ", ") + word;
    return text;
}

}  // namespace

asio::awaitable<std::vector<std::string>> Control::reload() {
    using Errors = std::vector<std::string>;
    if (stopping_softly_) co_return Errors{"the router is stopping"};
    if (master_) {
        if (::kill(::getppid(), SIGUSR2) == 0) co_return Errors();
        // It stayed root, and this process did not.
        co_return Errors{system_error(fmt::format("telling the master ({})", ::getppid())).text +
                         "; send it SIGUSR2, or 'reload' at its own socket (-S)"};
    }
    if (system_names_) {
        const std::string error =
            "Reload refused: the files are out of reach within 'chroot " +
            config_->global.root_folder.value_or("") +
            "'; run with -W (master-worker), or start a new process with -sf and this one's id";
        log::alert("{}", error);
        co_return Errors{error};
    }
    if (std::exchange(reloading_, true)) {
        reload_again_ = true;
        co_return Errors{"a reload is under way; another one follows it"};
    }
    notify_manager(manager_, reloading_state());
    log::notice("Reloading the configuration: {}", joined(source_.flags.files));
    Errors errors;
    do {
        reload_again_ = false;
        asio::thread_pool helper(1);
        const auto read = [this, known = names_->known()]() -> asio::awaitable<Prepared> {
            co_return prepare(source_, facts_.workers, known, resolve_host);
        };
        const Prepared next = co_await asio::co_spawn(helper, read, asio::use_awaitable);
        for (const std::string& warning : next.warnings)
            log::warning("{}", warning);
        errors = next.errors;
        // It may have been told to stop meanwhile: nothing is opened any more then.
        if (stopping_softly_) errors.emplace_back("the router is stopping");
        if (errors.empty()) errors = take_over(next);
        for (const std::string& error : errors)
            log::alert("{}", error);
        if (!errors.empty()) log::alert("Reload refused: nothing has changed");
    } while (reload_again_);
    reloading_ = false;
    notify_manager(manager_, "READY=1");
    co_return errors;
}

Task Control::reload_by_signal() {
    (void)co_await reload();
}

// Answers what keeps it from being taken over; then nothing has changed.
std::vector<std::string> Control::take_over(const Prepared& next) {
    std::vector<std::string> errors;
    const routing::RoutingTable places = health::plain_rows(*next.config, facts_.workers);
    Opened opened =
        open_listeners(*next.config, places, {facts_.workers, false, sockets_, facts_.counted});
    for (const BindFailure& failure : opened.failures)
        errors.push_back(fmt::format("[{}] {}", failure.at.text(), failure.text));
    // What goes to no target goes to the terminal's: the check comes last, as it sets them.
    if (errors.empty())
        if (const auto logs = Logs::open(*next.config, places); !logs)
            errors.push_back(logs.error().text);
    if (!errors.empty()) {
        remove_paths(without(opened.paths, paths_));
        return errors;
    }
    // No way back from here.
    if (const auto words = needs_restart(*config_, *next.config); !words.empty())
        log::warning("These were changed and need a restart: {}", joined(words));
    for (const BindFailure& failure : settle_rights(opened))
        log::warning("[{}] {}; it needs a restart", failure.at.text(), failure.text);
    const auto before = std::exchange(config_, next.config);
    const TimePoint now = Clock::now();
    const health::Reloaded reloaded = cluster_->reload(config_, now);
    names_->reload(config_);
    (void)names_->resolve_all(
        [&](const std::string& host, Port) {
            const auto found = next.found.find(host);
            return found != next.found.end() ? found->second
                                             : Result<std::vector<Address>>(Error{"unknown"});
        },
        now);
    table_ = cluster_->table();
    if (auto logs = Logs::open(*config_, *table_)) logs_ = std::move(*logs);
    hurrying_.resize(table_->backends.size());
    plane_->publish(table_, placed(opened.listeners, places, *table_));
    show(*before, opened);
    remove_paths(without(paths_, opened.paths));
    paths_ = std::move(opened.paths);
    sockets_ = std::move(opened.sockets);
    probes_.follow_questions();
    take_moves(reloaded.changes);
    next_name_.cancel();
    next_change_.cancel();
    tell_reload(reloaded);
    return {};
}

void Control::tell_reload(const health::Reloaded& reloaded) {
    std::uint32_t staying = 0;
    for (const routing::ServerId id : reloaded.removed) {
        const std::uint32_t sessions = table_->at(id).shared->slots.taken();
        staying += sessions;
        if (sessions > 0)
            log::notice("Server {}/{} is removed; {} sessions go on",
                        table_->at(table_->at(id).backend).name, table_->at(id).name, sessions);
    }
    const std::string told = fmt::format(
        "The configuration is reloaded: {} servers unchanged, {} to be judged anew, {} removed "
        "({} sessions go on there)",
        reloaded.unchanged, reloaded.judged_anew, reloaded.removed.size(), staying);
    log::notice("{}", told);
    events_.add(told);
    if (staying > 0 && config_->global.hard_stop_after.count() > 0)
        start(end_removed(reloaded.removed, config_->global.hard_stop_after));
}

// `hard-stop-after` for servers that a reload removed.
Task Control::end_removed(std::vector<routing::ServerId> servers, milliseconds limit) {
    const TimePoint removed = Clock::now();
    asio::steady_timer timer(io_);
    timer.expires_at(after(removed, limit));
    co_await timer.async_wait(quietly);
    for (const routing::ServerId id : servers) {
        // One that is back by another reload keeps its sessions.
        const auto since = cluster_->removed_at(id);
        const std::uint32_t sessions = table_->at(id).shared->slots.taken();
        if (!since || *since > removed || sessions == 0) continue;
        log::warning("hard-stop-after has passed: ending {} sessions of removed server {}/{}",
                     sessions, table_->at(table_->at(id).backend).name, table_->at(id).name);
        cluster_->end_sessions(id);
    }
    publish();
}

}  // namespace pgsteer::router
