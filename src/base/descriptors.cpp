#include "base/descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace pgsteer {

bool is_listening(int fd) {
    int listening = 0;
    socklen_t length = sizeof listening;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

UniqueFd duplicate(int fd) {
    return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

void keep_over_exec(int fd) {
    (void)::fcntl(fd, F_SETFD, 0);
}

void close_on_exec(int fd) {
    (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace pgsteer
