#include "router/link.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace pgsteer::router {
namespace {

using Control = std::array<std::byte, CMSG_SPACE(sizeof(int))>;

}  // namespace

Result<std::pair<UniqueFd, UniqueFd>> make_link() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return system_error("socketpair");
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> tell(int link, LinkWord word, int descriptor) {
    char letter = static_cast<char>(word);
    alignas(cmsghdr) Control control{};
    iovec data{&letter, sizeof letter};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    if (::sendmsg(link, &message, MSG_NOSIGNAL) != 1)
        return system_error("talking between master and worker");
    return {};
}

Result<std::optional<LinkMessage>> hear(int link) {
    char letter = 0;
    alignas(cmsghdr) Control control{};
    iovec data{&letter, sizeof letter};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(link, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return std::optional<LinkMessage>();
    if (got < 0) return system_error("listening between master and worker");
    if (got == 0) return Error{"the other side is gone"};
    LinkMessage heard;
    heard.word = static_cast<LinkWord>(letter);
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        int descriptor = -1;
        std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
        heard.descriptor.reset(descriptor);
    }
    return std::optional(std::move(heard));
}

}  // namespace pgsteer::router
