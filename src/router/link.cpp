#include "router/link.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "router/descriptor_message.h"

namespace pgsteer::router {
Result<std::pair<UniqueFd, UniqueFd>> make_link() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return system_error("socketpair");
    return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<void> tell(int link, LinkWord word, int descriptor) {
    std::array letter{static_cast<char>(word)};
    if (DescriptorMessage<1>(letter).send(link, std::array{descriptor}) != 1)
        return system_error("talking between master and worker");
    return {};
}

Result<std::optional<LinkMessage>> hear(int link) {
    std::array<char, 1> letter{};
    std::vector<UniqueFd> descriptors;
    const ssize_t got = DescriptorMessage<1>(letter).receive(link, descriptors);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return std::optional<LinkMessage>();
    if (got < 0) return system_error("listening between master and worker");
    if (got == 0) return Error{"the other side is gone"};
    LinkMessage heard;
    heard.word = static_cast<LinkWord>(letter[0]);
    if (!descriptors.empty()) heard.descriptor = std::move(descriptors.front());
    return std::optional(std::move(heard));
}

}  // namespace pgsteer::router
