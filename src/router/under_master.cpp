// A worker's side of its link to the master: its listening sockets go up, so that the next worker
// has them, and clients of the master's CLI come down.
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "router/control.h"
#include "router/handover.h"

namespace asio = boost::asio;

namespace pgsteer::router {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr admin::Level levels[] = {admin::Level::user, admin::Level::operate, admin::Level::admin};

}  // namespace

void Control::greet_master() {
    for (const admin::Level level : levels) {
        admin::RuntimeOptions options;
        options.level = level;
        options.timeout = config_->global.stats_timeout;
        master_clients_.push_back(
            std::make_unique<admin::RuntimeSocket>(io_.get_executor(), options, desk_));
    }
    master_events_.assign(::dup(master_.get()));
    start(master_loop());
    int ends[2] = {-1, -1};
    const bool made = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0;
    const UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    auto done = made ? tell(master_.get(), LinkWord::ready, theirs.get())
                     : Result<void>(system_error("socketpair"));
    theirs.reset();
    if (done) done = send_sockets(ours.get(), sockets_);
    if (!done) log::alert("telling the master: {}", done.error().text);
    // The next worker goes on with them.
    handed_over_ = true;
}

Task Control::master_loop() {
    for (;;) {
        const auto [error] =
            co_await master_events_.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
        if (error) co_return;
        const auto heard = hear(master_.get());
        if (!heard) {
            // Nobody would tell this process to make room for the next one.
            log::alert("the master is gone");
            begin_soft_stop();
            co_return;
        }
        if (*heard) serve_master_client(**heard);
    }
}

void Control::serve_master_client(const LinkMessage& message) {
    const std::size_t place = message.word == LinkWord::admin_client      ? 2
                              : message.word == LinkWord::operator_client ? 1
                                                                          : 0;
    UniqueFd client(::dup(message.descriptor.get()));
    if (client) master_clients_[place]->serve(std::move(client));
}

}  // namespace pgsteer::router
