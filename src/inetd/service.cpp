#include "inetd/service.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "base/log.h"
#include "inetd/service_state.h"

namespace pgsteer::inetd {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// A name server that says nothing must not keep a client for ever.
constexpr seconds name_limit{5};
constexpr std::size_t most_banner_bytes = 64 * 1024;  // fits a socket's buffer

int minute_of_day() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    (void)::localtime_r(&now, &local);
    return local.tm_hour * 60 + local.tm_min;
}

double load_of_machine() {
    double load = 0;
    return ::getloadavg(&load, 1) == 1 ? load : 0;
}

void send_banner(const config::InetService& service, int socket, const std::string& path) {
    if (path.empty()) return;
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::string text(most_banner_bytes, '\0');
    const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size < 0) {
        log::error("service {}: {}", service.id, system_error("banner " + path).text);
        return;
    }
    (void)::send(socket, text.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void refuse(const StatePtr& state, const Client& client, Refusal refusal) {
    if (refusal == Refusal::load)
        log::error("refused connect from {} due to excessive load", client.peer.host());
    state->log.fail(client.peer, refusal);
    send_banner(state->service, client.socket.get(), state->service.banner_fail);
}

void dispatch(const StatePtr& state, Client client) {
    const config::InetService& service = state->service;
    send_banner(service, client.socket.get(), service.banner_success);
    if (service.redirect) return run_redirect(state, std::move(client));
    if (service.builtin != config::Builtin::none) return run_builtin(state, std::move(client));
    if (state->sockets) {
        state->log.start(client.peer, 0);
        return state->sockets->serve(std::move(client.socket), std::move(client.slot));
    }
    if (service.share) return run_shared(state, std::move(client));
    run_child(state, std::move(client));
}

asio::awaitable<void> dispatch_by_name(StatePtr state, Client client) {
    asio::ip::tcp::resolver resolver(state->executor);
    asio::steady_timer timer(state->executor, name_limit);
    asio::ip::tcp::endpoint endpoint;
    endpoint.resize(client.peer.length());
    std::memcpy(endpoint.data(), client.peer.get(), client.peer.length());
    const auto done =
        co_await (resolver.async_resolve(endpoint, as_result) || timer.async_wait(as_result));
    std::string name;
    if (done.index() == 0) {
        const auto& [error, found] = std::get<0>(done);
        if (!error && !found.empty()) name = found.begin()->host_name();
    }
    if (state->stopping) co_return;
    const Refusal refusal = check_address(state->service, client.peer, name);
    if (refusal != Refusal::none) co_return refuse(state, client, refusal);
    dispatch(state, std::move(client));
}

// The trap of xinetd: it says so, and when the service is back.
void switch_off(const StatePtr& state) {
    const config::InetService& service = state->service;
    log::error(
        "Deactivating service {} due to excessive incoming connections (cps: more than {} a "
        "second). Restarting in {} seconds; until then whoever checks this port finds it closed",
        service.name, service.cps_most, service.cps_pause.count());
    state->off = true;
    state->acceptor.reset();
    state->pause.expires_after(service.cps_pause);
    state->pause.async_wait([state](const boost::system::error_code& error) {
        if (error || state->stopping) return;
        state->off = false;
        auto listener = open_listener(state->service);
        auto started = listener ? start_listening(state, std::move(*listener))
                                : Result<void>(listener.error());
        if (started)
            log::notice("Activating service {}", state->service.name);
        else
            log::alert("Error activating service {}: {}", state->service.name,
                       started.error().text);
    });
}

Present present(const StatePtr& state, const Address& peer) {
    Present now;
    const config::InetService& service = state->service;
    now.running = state->runs.size();
    // Answers from memory are over at once; those under way are the open connections.
    if (state->sockets && state->acceptor) now.running = state->acceptor->open() - 1;
    if (service.per_source) {
        const auto bytes = config::mapped(peer);
        for (const auto& [number, run] : state->runs)
            if (config::mapped(run.peer) == bytes) ++now.of_source;
    }
    now.processes = state->common->processes;
    now.most_processes = state->common->most_processes;
    if (service.max_load > 0) now.load = load_of_machine();
    if (!service.access_times.empty()) now.minute = minute_of_day();
    return now;
}

Result<Address> address_of(const config::InetService& service) {
    const Port port{*service.port};
    if (service.bind.empty()) {
        if (service.family == AF_INET) return Address::any_ipv4(port);
        return Address::any_ipv6(port);
    }
    const auto found = resolve_host(service.bind, port);
    if (!found) return found.error();
    for (const Address& address : *found)
        if (!service.family || address.family() == *service.family) return address;
    return Error{"bind " + service.bind + " has no address of the wanted family"};
}

}  // namespace

Service::State::State(asio::any_io_executor its_executor, Common& its_common,
                      config::InetService its_service)
    : executor(std::move(its_executor)),
      common(&its_common),
      service(std::move(its_service)),
      pause(executor) {}

Counted::Counted(StatePtr state, const Address& peer, pid_t pid)
    : state_(std::move(state)), number_(state_->next_run++) {
    state_->runs.emplace(number_, Service::State::Run{peer, pid, Clock::now()});
    if (pid != 0) ++state_->common->processes;
}

Counted::~Counted() {
    const auto found = state_->runs.find(number_);
    if (found->second.pid != 0) --state_->common->processes;
    state_->runs.erase(found);
}

Result<UniqueFd> open_listener(const config::InetService& service) {
    auto address = address_of(service);
    if (!address) return address.error();
    UniqueFd fd(::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd && errno == EAFNOSUPPORT && service.bind.empty() && !service.family) {
        // No IPv6 here: xinetd falls back as well.
        address = Address::any_ipv4(Port{*service.port});
        fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    }
    const auto failure = [&] {
        return system_error("service " + service.id + ": cannot listen on " + address->text());
    };
    if (!fd) return failure();
    const int on = 1;
    const int v6only = service.v6only ? 1 : 0;
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->family() == AF_INET6)
        (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
    // Accepted sockets inherit both.
    if (service.nodelay) (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (service.keepalive) (void)::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (::bind(fd.get(), address->get(), address->length()) != 0) return failure();
    if (::listen(fd.get(), SOMAXCONN) != 0) return failure();
    return fd;
}

Result<void> start_listening(const StatePtr& state, UniqueFd listener) {
    // The state is the acceptor's owner: a weak reference, or neither would ever go.
    state->acceptor.emplace(state->executor, std::move(listener), state->common->most_open,
                            [weak = std::weak_ptr(state)](UniqueFd socket, Slot slot) {
                                if (const auto strong = weak.lock())
                                    take(strong, std::move(socket), std::move(slot));
                            });
    return {};
}

// xinetd's order: the banner, the rules of the service, the client's address.
void take(const StatePtr& state, UniqueFd socket, Slot slot) {
    const config::InetService& service = state->service;
    Client client{std::move(socket), std::move(slot), {}};
    client.peer = Address::peer_of(client.socket.get());
    send_banner(service, client.socket.get(), service.banner);
    if (state->rate.exceeded(service, Clock::now())) {
        refuse(state, client, Refusal::cps);
        return switch_off(state);
    }
    const Refusal refusal = check(service, present(state, client.peer));
    if (refusal != Refusal::none) return refuse(state, client, refusal);
    const bool by_name = (service.only_from && service.only_from->needs_names()) ||
                         (service.no_access && service.no_access->needs_names());
    if (by_name) {
        asio::co_spawn(state->executor, dispatch_by_name(state, std::move(client)), asio::detached);
        return;
    }
    const Refusal by_address = check_address(service, client.peer, "");
    if (by_address != Refusal::none) return refuse(state, client, by_address);
    dispatch(state, std::move(client));
}

Service::Service(asio::any_io_executor executor, Common& common, config::InetService service)
    : state_(std::make_shared<State>(std::move(executor), common, std::move(service))) {}

Service::~Service() {
    if (!state_) return;
    state_->stopping = true;
    state_->acceptor.reset();
    state_->pause.cancel();
    state_->sharers.clear();
    for (const auto& [number, run] : state_->runs)
        if (run.pid != 0) end_group(run.pid, SIGTERM);
}

const config::InetService& Service::config() const {
    return state_->service;
}

Result<void> Service::listen(UniqueFd given) {
    if (const auto prepared = reconfigure(state_->service); !prepared) return prepared.error();
    if (!given) {
        auto opened = open_listener(state_->service);
        if (!opened) return opened.error();
        given = std::move(*opened);
    }
    set_blocking(given.get(), false);
    return start_listening(state_, std::move(given));
}

UniqueFd Service::listener_copy() const {
    return state_->acceptor ? state_->acceptor->listener_copy() : UniqueFd();
}

Result<void> Service::reconfigure(config::InetService service) {
    State& state = *state_;
    const bool same_answer = state.sockets && service.answer == state.service.answer &&
                             service.conninfo == state.service.conninfo &&
                             service.interval == state.service.interval;
    if (!service.answer.empty() && !same_answer) {
        auto answer = state.common->make_answer(service);
        if (!answer) return answer.error();
        http::ServerOptions options;
        options.answer_silence = true;
        state.sockets =
            std::make_unique<http::Sockets>(state.executor, options, std::move(*answer));
    } else if (service.answer.empty()) {
        state.sockets.reset();
    }
    state.service = std::move(service);
    state.program = make_program(state.service, state.common->environment);
    state.log.configure(state.service);
    state.shared_answer.reset();
    std::size_t kept = 0;
    for (const auto& [number, run] : state.runs) {
        const auto& list = state.service;
        const bool named = (list.only_from && list.only_from->needs_names()) ||
                           (list.no_access && list.no_access->needs_names());
        const bool allowed = (named || check_address(list, run.peer, "") == Refusal::none) &&
                             (!list.instances || kept < *list.instances);
        if (allowed)
            ++kept;
        else if (run.pid != 0)
            end_group(run.pid, SIGTERM);
    }
    return {};
}

std::string Service::dump() const {
    const State& state = *state_;
    std::string text =
        fmt::format("service {}: port {}, {}, {} running", state.service.id, *state.service.port,
                    state.off ? "off by cps" : "active", state.runs.size());
    for (const auto& [number, run] : state.runs)
        text +=
            fmt::format("; pid {} from {} for {} s", run.pid, run.peer.host(),
                        std::chrono::duration_cast<seconds>(Clock::now() - run.started).count());
    return text;
}

}  // namespace pgsteer::inetd
