#include "dns/exchange.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>
#include <deque>

#include "base/fd.h"
#include "dns/records.h"

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace pgsteer::dns {
namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
// A truncated answer is asked for again over TCP, which may take as long again.
constexpr int most_timeouts = 2;

int number_of(Type type) {
    return type == Type::srv ? ns_t_srv : type == Type::aaaa ? ns_t_aaaa : ns_t_a;
}

// The channel to one name server, and what came of it.
struct Channel {
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() {
        if (ares != nullptr) ares_destroy(ares);
    }
    ares_channel ares = nullptr;
    int epoll = -1;  // the exchange's
    std::uint32_t place = 0;
    Type type = Type::a;
    bool done = false;
    Answer answer;
};

void follow_socket(void* data, ares_socket_t fd, int readable, int writable) {
    const auto& channel = *static_cast<Channel*>(data);
    epoll_event event{};
    event.events = (readable != 0 ? EPOLLIN : 0U) | (writable != 0 ? EPOLLOUT : 0U);
    event.data.u64 = std::uint64_t{channel.place} << 32 | static_cast<std::uint32_t>(fd);
    if (event.events == 0)
        (void)::epoll_ctl(channel.epoll, EPOLL_CTL_DEL, fd, nullptr);
    else if (::epoll_ctl(channel.epoll, EPOLL_CTL_MOD, fd, &event) != 0)
        (void)::epoll_ctl(channel.epoll, EPOLL_CTL_ADD, fd, &event);
}

void take_answer(void* data, int status, int, unsigned char* bytes, int length) {
    auto& channel = *static_cast<Channel*>(data);
    channel.done = true;
    const std::size_t size = bytes != nullptr && length > 0 ? static_cast<std::size_t>(length) : 0;
    std::string from = std::move(channel.answer.from);
    channel.answer = read_answer(channel.type, status, {bytes, size});
    channel.answer.from = std::move(from);
}

// With every option given, c-ares reads no file of the system.
bool open(Channel& channel, const config::Nameserver& server, const Question& question) {
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP |
                    ARES_FLAG_EDNS | (server.tcp ? ARES_FLAG_USEVC : 0);
    options.timeout = static_cast<int>(question.timeout.count());
    options.tries = 1;
    options.ndots = 1;
    options.lookups = const_cast<char*>("b");  // NOLINT: c-ares copies it
    options.ednspsz = static_cast<int>(question.payload);
    options.sock_state_cb = follow_socket;
    options.sock_state_cb_data = &channel;
    in_addr placeholder{};
    options.servers = &placeholder;
    options.nservers = 1;
    constexpr int given = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                          ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB |
                          ARES_OPT_SERVERS | ARES_OPT_DOMAINS | ARES_OPT_SORTLIST |
                          ARES_OPT_NOROTATE;
    if (ares_init_options(&channel.ares, &options, given) != ARES_SUCCESS) return false;
    ares_addr_port_node node{};
    node.family = server.address.family();
    node.udp_port = node.tcp_port = number(server.address.port());
    if (node.family == AF_INET)
        std::memcpy(&node.addr.addr4,
                    &reinterpret_cast<const sockaddr_in*>(server.address.get())->sin_addr,
                    sizeof node.addr.addr4);
    else
        std::memcpy(&node.addr.addr6,
                    &reinterpret_cast<const sockaddr_in6*>(server.address.get())->sin6_addr,
                    sizeof node.addr.addr6);
    return ares_set_servers_ports(channel.ares, &node) == ARES_SUCCESS;
}

// Whatever is ready, and then whatever is late.
void go_on(int epoll, std::deque<Channel>& channels) {
    std::array<epoll_event, 16> events{};
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        const auto fd = static_cast<ares_socket_t>(event.data.u64 & 0xffff'ffffU);
        const bool in = (event.events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
        const bool out = (event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
        ares_process_fd(channels[event.data.u64 >> 32].ares, in ? fd : ARES_SOCKET_BAD,
                        out ? fd : ARES_SOCKET_BAD);
    }
    for (Channel& channel : channels)
        if (!channel.done) ares_process_fd(channel.ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

milliseconds next_timeout(std::deque<Channel>& channels, milliseconds most) {
    for (Channel& channel : channels) {
        timeval left{};
        if (channel.done || ares_timeout(channel.ares, nullptr, &left) == nullptr) continue;
        most = std::min(most, std::chrono::ceil<milliseconds>(seconds(left.tv_sec) +
                                                              microseconds(left.tv_usec)));
    }
    return most;
}

// The valid answer; without one, when all are done, an error of which a silence counts least.
const Answer* outcome(const std::deque<Channel>& channels) {
    const Answer* found = nullptr;
    bool all = true;
    for (const Channel& channel : channels) {
        if (!channel.done) {
            all = false;
        } else if (channel.answer.status == Status::valid) {
            return &channel.answer;
        } else if (found == nullptr || channel.answer.status != Status::timeout) {
            found = &channel.answer;
        }
    }
    return all ? found : nullptr;
}

}  // namespace

asio::awaitable<Answer> exchange(const std::vector<config::Nameserver>& nameservers,
                                 Question question) {
    // Channels are destroyed, and with them their sockets closed, before the epoll set is.
    asio::posix::stream_descriptor ready(co_await asio::this_coro::executor);
    asio::steady_timer timer(ready.get_executor());
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll) co_return Answer{};
    const int set = epoll.get();
    ready.assign(epoll.release());
    std::deque<Channel> channels;
    for (const config::Nameserver& server : nameservers) {
        Channel& channel = channels.emplace_back();
        channel.epoll = set;
        channel.place = static_cast<std::uint32_t>(channels.size() - 1);
        channel.type = question.type;
        channel.answer.from = server.name;
        channel.done = !open(channel, server, question);
        if (!channel.done)
            ares_query(channel.ares, question.host.c_str(), ns_c_in, number_of(question.type),
                       take_answer, &channel);
    }
    const TimePoint deadline = after(Clock::now(), most_timeouts * question.timeout);
    for (;;) {
        if (const Answer* const answer = outcome(channels)) co_return *answer;
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || channels.empty()) break;
        timer.expires_after(next_timeout(channels, left));
        co_await (ready.async_wait(asio::posix::stream_descriptor::wait_read, quietly) ||
                  timer.async_wait(quietly));
        go_on(set, channels);
    }
    Answer late;
    late.status = Status::timeout;
    co_return late;
}

}  // namespace pgsteer::dns
