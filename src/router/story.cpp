// The story of a cluster as the log tells it: who is the primary now, who was cut and who was let
// go.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "router/control.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// While clients are let go: often at first, so that the time that is told is right.
constexpr milliseconds quick_look{1};
constexpr milliseconds slow_look{20};
constexpr int quick_looks = 100;

}  // namespace

BackendView Control::view_of(routing::BackendId id) const {
    const routing::BackendRow& backend = table_->at(id);
    BackendView view;
    view.name = backend.name;
    view.waiting = backend.shared->total(&routing::Traffic::waiting);
    view.released = backend.shared->total(&routing::Traffic::released);
    for (const routing::ServerId server : backend.servers) {
        const routing::ServerRow& row = table_->at(server);
        const health::ServerView seen = cluster_->view(server, Clock::now());
        BackendView::Server& one = view.servers.emplace_back();
        one.name = row.name;
        one.is_primary = row.accepts && seen.role == health::Role::primary;
        if (seen.node) one.timeline = seen.node->timeline;
        one.why = std::string(routing::word(row.cause));
        if (!seen.why.empty())
            one.why += ", " + seen.why;
        else if (row.cause == routing::Cause::check_failed && !seen.check_text.empty())
            one.why += ", " + seen.check_text;
        one.cut = row.shared->total(&routing::Traffic::cut);
        one.sessions = row.shared->slots.taken();
    }
    return view;
}

std::vector<Control::Queue> Control::queues_of(const std::vector<health::Change>& changes) const {
    std::vector<Queue> queues;
    for (const health::Change& change : changes) {
        if (change.kind != health::Change::Kind::state) continue;
        const routing::BackendId id = table_->at(change.server).backend;
        const auto known = std::find_if(queues.begin(), queues.end(),
                                        [id](const Queue& queue) { return queue.backend == id; });
        if (known != queues.end()) continue;
        const routing::Shared& shared = *table_->at(id).shared;
        queues.push_back({id, shared.total(&routing::Traffic::waiting),
                          shared.total(&routing::Traffic::released)});
    }
    return queues;
}

void Control::look_at(routing::BackendId id, const Queue* before) {
    if (table_->at(id).retired) return;
    const std::string& name = table_->at(id).name;
    const bool was_unsettled = picture_.is_unsettled(name);
    const TimePoint now = Clock::now();
    BackendView view = view_of(id);
    if (before != nullptr) {
        view.waiting = before->waiting;
        view.released = before->released;
    }
    for (const log::Record& record : picture_.look(view, now)) {
        logs_.tell(name, fmt::format("picture {}", record.event), record, now);
        events_.add(record.text);
    }
    if (!was_unsettled && picture_.is_unsettled(name)) start(settle_loop(id));
}

Task Control::settle_loop(routing::BackendId id) {
    asio::steady_timer pause(io_);
    for (int looks = 0; picture_.is_unsettled(table_->at(id).name); ++looks) {
        pause.expires_after(looks < quick_looks ? quick_look : slow_look);
        co_await pause.async_wait(quietly);
        if (table_->at(id).retired) co_return;  // by a reload
        look_at(id);
    }
}

}  // namespace pgsteer::router
