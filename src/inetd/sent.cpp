// A file of its own: the kernel's tcp_info, which counts bytes, excludes that of glibc's
// netinet/tcp.h, which does not and which Asio includes.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pgsteer::inetd {

bool nothing_was_sent(int fd);

bool nothing_was_sent(int fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
           info.tcpi_bytes_sent == 0;
}

}  // namespace pgsteer::inetd
