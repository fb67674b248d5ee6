// DescriptorMessage: one message over a unix socket that carries descriptors beside its bytes
// (SCM_RIGHTS, unix(7)). Lives for one call; the bytes are the caller's.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "base/fd.h"

namespace pgsteer::router {

template <std::size_t most>
class DescriptorMessage {
  public:
    explicit DescriptorMessage(std::span<char> bytes) : data_{bytes.data(), bytes.size()} {
        message_.msg_iov = &data_;
        message_.msg_iovlen = 1;
        message_.msg_control = control_.data();
        message_.msg_controllen = control_.size();
    }
    DescriptorMessage(const DescriptorMessage&) = delete;
    DescriptorMessage& operator=(const DescriptorMessage&) = delete;

    // As sendmsg(2), with one descriptor to `most`.
    ssize_t send(int to, std::span<const int> descriptors) {
        message_.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const header = CMSG_FIRSTHDR(&message_);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
        return ::sendmsg(to, &message_, MSG_NOSIGNAL);
    }
    // As recvmsg(2); the descriptors that came are appended.
    ssize_t receive(int from, std::vector<UniqueFd>& descriptors) {
        const ssize_t got = ::recvmsg(from, &message_, MSG_CMSG_CLOEXEC);
        if (got < 0) return got;
        for (cmsghdr* header = CMSG_FIRSTHDR(&message_); header != nullptr;
             header = CMSG_NXTHDR(&message_, header)) {
            if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
            std::vector<int> numbers((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
            std::memcpy(numbers.data(), CMSG_DATA(header), numbers.size() * sizeof(int));
            for (const int number : numbers)
                descriptors.emplace_back(number);
        }
        return got;
    }
    // After receive(): not all of it fitted.
    bool is_cut() const { return (message_.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0; }

  private:
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(most * sizeof(int))> control_{};
    iovec data_;
    msghdr message_{};
};

}  // namespace pgsteer::router
