// SpareSockets: TCP sockets whose connections to servers are over, kept for a moment for the next
// connect with the same options. A connection costs the kernel mostly what is around it: the
// socket, its file, its place in epoll; with many short sessions that is a tenth of a proxy's time
// (measured: docs/benchmarks.md). Only a connection that is closed on both sides, ours first,
// leaves nothing behind in its socket: the kernel keeps the rest (TIME_WAIT) apart from it. One for
// each worker.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "routing/table.h"

namespace pgsteer::relay {

class SpareSockets {
  public:
    static constexpr std::size_t most = 32;
    // After so long without use all are closed.
    static constexpr milliseconds kept_for{100};

    // One that is not closed on both sides is closed here.
    void keep(UniqueFd fd, int family, const routing::BackendRow& backend, TimePoint now);
    // In no connection, with the backend's options, in the worker's epoll set still; none: there is
    // none like that.
    UniqueFd take(int family, const routing::BackendRow& backend);
    bool empty() const { return spares_.empty(); }
    TimePoint until() const { return after(last_kept_, kept_for); }
    void clear() { spares_.clear(); }

  private:
    struct Spare {
        UniqueFd fd;
        int family = 0;
        milliseconds tcp_user_timeout{0};
        routing::Keepalive keepalive;
    };
    std::vector<Spare> spares_;
    TimePoint last_kept_{};
};

}  // namespace pgsteer::relay
