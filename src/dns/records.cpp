#include "dns/records.h"

#include <ares.h>

#include <algorithm>
#include <memory>

namespace pgsteer::dns {
namespace {

Status status_of(int ares_status) {
    switch (ares_status) {
        case ARES_SUCCESS:
            return Status::valid;
        case ARES_ENOTFOUND:
            return Status::nx;
        case ARES_EREFUSED:
            return Status::refused;
        case ARES_ETIMEOUT:
        case ARES_ECONNREFUSED:
            return Status::timeout;
        default:
            return Status::other;
    }
}

void add(std::vector<Address>& addresses, const Address& address) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
        addresses.push_back(address);
}

int read_ipv4(std::span<const std::uint8_t> bytes, std::vector<Address>& addresses) {
    std::vector<ares_addrttl> found(most_records);
    int count = static_cast<int>(found.size());
    const int status = ares_parse_a_reply(bytes.data(), static_cast<int>(bytes.size()), nullptr,
                                          found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i)
        add(addresses,
            Address::ipv4(ntohl(found[static_cast<std::size_t>(i)].ipaddr.s_addr), Port{0}));
    return status;
}

int read_ipv6(std::span<const std::uint8_t> bytes, std::vector<Address>& addresses) {
    std::vector<ares_addr6ttl> found(most_records);
    int count = static_cast<int>(found.size());
    const int status = ares_parse_aaaa_reply(bytes.data(), static_cast<int>(bytes.size()), nullptr,
                                             found.data(), &count);
    for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        const auto& bytes6 = found[static_cast<std::size_t>(i)].ip6addr._S6_un._S6_u8;
        std::copy(std::begin(bytes6), std::end(bytes6), address.sin6_addr.s6_addr);
        add(addresses,
            Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&address), sizeof address));
    }
    return status;
}

int read_targets(std::span<const std::uint8_t> bytes, std::vector<Target>& targets) {
    ares_srv_reply* list = nullptr;
    const int status = ares_parse_srv_reply(bytes.data(), static_cast<int>(bytes.size()), &list);
    const std::unique_ptr<ares_srv_reply, decltype(&ares_free_data)> owned(list, ares_free_data);
    for (const ares_srv_reply* record = list; record != nullptr && targets.size() < most_records;
         record = record->next) {
        const Target target{record->host, Port{record->port}, record->weight};
        // RFC 2782: the target "." says that there is no such service.
        if (target.host.empty() || target.host == ".") continue;
        if (std::find(targets.begin(), targets.end(), target) == targets.end())
            targets.push_back(target);
    }
    return status;
}

}  // namespace

Answer read_answer(Type type, int ares_status, std::span<const std::uint8_t> bytes) {
    Answer answer;
    answer.status = status_of(ares_status);
    if (answer.status != Status::valid) return answer;
    const int read = type == Type::srv    ? read_targets(bytes, answer.targets)
                     : type == Type::aaaa ? read_ipv6(bytes, answer.addresses)
                                          : read_ipv4(bytes, answer.addresses);
    const bool any = !answer.addresses.empty() || !answer.targets.empty();
    if (read != ARES_SUCCESS || !any) answer = {};
    return answer;
}

}  // namespace pgsteer::dns
