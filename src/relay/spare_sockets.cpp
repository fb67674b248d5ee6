#include "relay/spare_sockets.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace pgsteer::relay {
namespace {

// connect(2): AF_UNSPEC dissolves the association. Not before the peer has acknowledged all, our
// FIN included (SIOCOUTQ of tcp(7) counts it): it would be reset.
bool dissolve(int fd) {
    int unacknowledged = 0;
    if (::ioctl(fd, SIOCOUTQ, &unacknowledged) != 0 || unacknowledged != 0) return false;
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    return ::connect(fd, &none, sizeof none) == 0;
}

bool equal(const routing::Keepalive& a, const routing::Keepalive& b) {
    return a.enabled == b.enabled && a.idle == b.idle && a.interval == b.interval &&
           a.count == b.count;
}

}  // namespace

void SpareSockets::keep(UniqueFd fd, int family, const routing::BackendRow& backend,
                        TimePoint now) {
    if (spares_.size() == most || !dissolve(fd.get())) return;
    spares_.push_back({std::move(fd), family, backend.tcp_user_timeout, backend.keepalive});
    last_kept_ = now;
}

UniqueFd SpareSockets::take(int family, const routing::BackendRow& backend) {
    const auto fits = std::find_if(spares_.rbegin(), spares_.rend(), [&](const Spare& spare) {
        return spare.family == family && spare.tcp_user_timeout == backend.tcp_user_timeout &&
               equal(spare.keepalive, backend.keepalive);
    });
    if (fits == spares_.rend()) return {};
    UniqueFd fd = std::move(fits->fd);
    spares_.erase(std::next(fits).base());
    return fd;
}

}  // namespace pgsteer::relay
