#include "router/notify.h"

#include <sys/socket.h>

#include "base/address.h"
#include "base/fd.h"

namespace pgsteer::router {

void notify_manager(std::string_view socket, std::string_view state) {
    if (socket.empty()) return;
    const auto address = socket.front() == '@' ? Address::unix_abstract(socket.substr(1))
                                               : Address::unix_path(socket);
    if (!address) return;
    const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd) return;
    (void)::sendto(fd.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                   address->get(), address->length());
}

}  // namespace pgsteer::router
