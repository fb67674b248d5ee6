#include "router/listen.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

// Two passes. The first looks whether each port is free while this process holds none, so whoever
// is found there is somebody else; the second opens. A port named twice in one configuration is a
// mistake, too (HAProxy would share it between the proxies: reads and writes mixed by chance), and
// is told by comparing addresses.

namespace pgsteer::router {
namespace {

Result<std::vector<Address>> addresses_of(const config::Bind& bind) {
    using Kind = config::Bind::Kind;
    using Addresses = std::vector<Address>;
    switch (bind.kind) {
        case Kind::any_ipv4:
            return Addresses{Address::any_ipv4(bind.endpoint.port)};
        case Kind::any_ipv6:
            return Addresses{Address::any_ipv6(bind.endpoint.port)};
        case Kind::endpoint:
            return resolve_host(bind.endpoint.host, bind.endpoint.port);
        case Kind::unix_socket:
            return Addresses{*bind.endpoint.unix_socket};
        case Kind::descriptor:
            break;
    }
    return Addresses{};
}

bool is_page(const config::Frontend& frontend) {
    return frontend.mode == config::Frontend::Mode::http;
}

// The control thread accepts there, and no worker.
bool is_control(const config::Frontend* frontend) {
    return frontend == nullptr || is_page(*frontend);
}

bool has_fixed_port(const Address& address) {
    return address.is_ip() && number(address.port()) != 0;
}

// One `bind` line, ready to be opened.
struct Planned {
    const config::Frontend* frontend;  // null: a stats socket
    const config::Bind& bind;
    routing::FrontendId id{};  // mode tcp only
    std::vector<Address> addresses;
};

class Opening {
  public:
    Opening(const config::Config& config, const routing::RoutingTable& table, ListenOptions options)
        : config_(config), table_(table), options_(std::move(options)) {}

    Opened run() {
        for (const config::Frontend& frontend : config_.frontends)
            if (!frontend.disabled) plan(frontend);
        for (const config::Bind& bind : config_.global.stats_sockets)
            plan(bind, nullptr, {});
        for (const Planned& planned : plan_)
            open(planned);
        return std::move(opened_);
    }

  private:
    void fail(const config::Bind& bind, std::string text) {
        opened_.failures.push_back({bind.at, std::move(text)});
    }

    void plan(const config::Frontend& frontend) {
        routing::FrontendId id{};
        if (is_page(frontend)) {
            if (!frontend.stats) return;
        } else {
            const auto row = std::find_if(table_.frontends.begin(), table_.frontends.end(),
                                          [&](const auto& r) { return r.name == frontend.name; });
            if (row == table_.frontends.end()) return;
            id = static_cast<routing::FrontendId>(row - table_.frontends.begin());
        }
        for (const config::Bind& bind : frontend.binds)
            plan(bind, &frontend, id);
    }

    void plan(const config::Bind& bind, const config::Frontend* frontend, routing::FrontendId id) {
        const auto addresses = addresses_of(bind);
        if (!addresses)
            fail(bind, addresses.error().text);
        else if (claim(bind, *addresses))
            plan_.push_back({frontend, bind, id, *addresses});
    }

    // Is everything that the line names free, and named by no other line?
    bool claim(const config::Bind& bind, const std::vector<Address>& addresses) {
        bool free = true;
        if (bind.descriptor && !descriptors_.insert(*bind.descriptor).second) {
            fail(bind, fmt::format("fd@{} is used by another line already", *bind.descriptor));
            free = false;
        }
        for (const Address& address : addresses) {
            if (address.is_ip() && !has_fixed_port(address)) continue;
            // Lines for one port on different interfaces do not meet.
            const auto key = std::pair(address, bind.interface.value_or(""));
            const auto [other, is_new] = claimed_.emplace(key, bind.at);
            if (!is_new) {
                fail(bind, fmt::format("cannot bind {}: it is bound at {} already", address.text(),
                                       other->second.text()));
                free = false;
            } else if (address.is_ip() && !options_.replacing && !holds_port(address.port())) {
                if (auto found = port_is_free(address, bind); !found) {
                    fail(bind, found.error().text);
                    free = false;
                }
            }
        }
        return free;
    }

    void open(const Planned& planned) {
        if (planned.bind.kind == config::Bind::Kind::descriptor) {
            auto fd = descriptor_of(*planned.bind.descriptor);
            if (!fd) return fail(planned.bind, fd.error().text);
            const Address address = Address::local_of((*fd)->get());
            counted_ = count(planned, address);
            opened_.sockets.push_back({address, "", *fd, planned.bind.descriptor});
            return add_shared(planned, std::move(*fd));
        }
        for (const Address& address : planned.addresses) {
            counted_ = count(planned, address);
            const auto done = address.is_unix() || is_control(planned.frontend)
                                  ? open_shared(planned, address)
                                  : open_for_workers(planned, address);
            if (!done) fail(planned.bind, done.error().text);
        }
    }

    // `option socket-stats`: HAProxy's names and numbers of a frontend's addresses.
    std::shared_ptr<routing::Shared> count(const Planned& planned, const Address& address) {
        if (is_control(planned.frontend) || !planned.frontend->count_listeners) return nullptr;
        const auto number = static_cast<std::uint32_t>(
            1 + std::count_if(opened_.counted.begin(), opened_.counted.end(), [&](const auto& one) {
                return one.frontend == planned.frontend->name;
            }));
        const std::string name = planned.bind.name.value_or(fmt::format("sock-{}", number));
        auto shared = counted_before(planned.frontend->name, name, address.text());
        if (!shared) shared = std::make_shared<routing::Shared>(options_.workers);
        opened_.counted.push_back({planned.frontend->name, name, number, address.text(), shared});
        return shared;
    }

    std::shared_ptr<routing::Shared> counted_before(const std::string& frontend,
                                                    const std::string& name,
                                                    const std::string& address) const {
        for (const admin::CountedListener& one : options_.counted)
            if (one.frontend == frontend && one.name == name && one.address == address)
                return one.shared;
        return nullptr;
    }

    // One that is there already; null: none is left.
    Socket take(const Address& address, const config::Bind& bind) {
        const auto found =
            std::find_if(options_.held.begin(), options_.held.end(), [&](const HeldSocket& held) {
                return !held.descriptor && held.address == address &&
                       held.interface == bind.interface.value_or("");
            });
        // A path that somebody has removed leads nowhere.
        const bool lost = address.is_unix() && !address.host().starts_with('@') &&
                          owned_path(address).path.empty();
        if (found == options_.held.end() || lost) return nullptr;
        Socket socket = std::move(found->socket);
        options_.held.erase(found);
        return socket;
    }

    // This process has the port already, if at another address: it shares it with nobody else.
    bool holds_port(Port port) const {
        return std::any_of(options_.held.begin(), options_.held.end(), [port](const auto& held) {
            return held.address.is_ip() && held.address.port() == port;
        });
    }

    Result<Socket> open(const Planned& planned, const Address& address, bool share_port) {
        Socket socket = take(address, planned.bind);
        if (socket && address.is_unix()) opened_.kept.push_back({address, &planned.bind});
        if (!socket) {
            auto fd = open_socket(address, planned.bind, {share_port, options_.replacing});
            if (!fd) return fd.error();
            socket = std::make_shared<const UniqueFd>(std::move(*fd));
        }
        opened_.sockets.push_back({has_fixed_port(address) || address.is_unix()
                                       ? address
                                       : Address::local_of(socket->get()),
                                   planned.bind.interface.value_or(""), socket});
        return socket;
    }

    // A descriptor that was taken over at start is there already.
    Result<Socket> descriptor_of(int number) {
        for (HeldSocket& held : options_.held)
            if (held.descriptor == number && held.socket) return std::move(held.socket);
        auto fd = inherited_socket(number);
        if (!fd) return fd.error();
        return std::make_shared<const UniqueFd>(std::move(*fd));
    }

    // Pages share their port only with the router they replace.
    Result<void> open_shared(const Planned& planned, const Address& address) {
        auto socket = open(planned, address, address.is_ip());
        if (!socket) return socket.error();
        if (OwnedPath path = owned_path(address); !path.path.empty())
            opened_.paths.push_back(std::move(path));
        add_shared(planned, std::move(*socket));
        return {};
    }

    // More sockets than workers: those of a process with more of them. They may have clients in
    // their queues, so somebody accepts there, too.
    Result<void> open_for_workers(const Planned& planned, Address address) {
        for (std::size_t i = 0; i < options_.workers || is_left(planned, address); ++i) {
            auto socket = open(planned, address, true);
            if (!socket) return socket.error();
            // Port 0: the system's choice for the first worker holds for all.
            if (!has_fixed_port(address)) address = Address::local_of((*socket)->get());
            set_session_options((*socket)->get(), planned.bind, planned.frontend->keepalive);
            add_listener(planned, std::move(*socket), false, i % options_.workers);
        }
        return {};
    }

    bool is_left(const Planned& planned, const Address& address) const {
        return std::any_of(options_.held.begin(), options_.held.end(), [&](const auto& held) {
            return !held.descriptor && held.address == address &&
                   held.interface == planned.bind.interface.value_or("");
        });
    }

    void add_shared(const Planned& planned, Socket socket) {
        if (planned.frontend == nullptr) {
            opened_.stats_sockets.push_back({std::move(socket),
                                             planned.bind.level.value_or("operator"),
                                             planned.bind.exposes_listeners});
            return;
        }
        if (is_page(*planned.frontend)) {
            opened_.pages.push_back(
                {std::move(socket), planned.frontend->name, planned.bind.tls.incoming});
            return;
        }
        if (Address::local_of(socket->get()).is_ip())
            set_session_options(socket->get(), planned.bind, planned.frontend->keepalive);
        add_listener(planned, std::move(socket), true, 0);
    }

    void add_listener(const Planned& planned, Socket socket, bool shared, std::size_t worker) {
        relay::Listener listener;
        listener.socket = std::move(socket);
        listener.shared = shared;
        listener.worker = worker;
        listener.frontend = planned.id;
        listener.backlog = planned.bind.backlog.value_or(SOMAXCONN);
        listener.counted = counted_;
        listener.accept_proxy = planned.bind.accept_proxy;
        listener.tls = planned.bind.tls.incoming;
        listener.name = planned.bind.name.value_or("");
        // As HAProxy numbers a section's lines that have no `id`.
        const auto place = &planned.bind - planned.frontend->binds.data() + 1;
        listener.id = planned.bind.id != 0 ? planned.bind.id : static_cast<std::uint32_t>(place);
        opened_.listeners.push_back(std::make_shared<const relay::Listener>(std::move(listener)));
    }

    const config::Config& config_;
    const routing::RoutingTable& table_;
    ListenOptions options_;  // `held`: those that are left
    std::vector<Planned> plan_;
    std::map<std::pair<Address, std::string>, config::Location> claimed_;
    std::set<int> descriptors_;
    std::shared_ptr<routing::Shared> counted_;  // of the address that is being opened
    Opened opened_;
};

}  // namespace

Opened open_listeners(const config::Config& config, const routing::RoutingTable& table,
                      ListenOptions options) {
    return Opening(config, table, std::move(options)).run();
}

std::vector<BindFailure> settle_rights(const Opened& opened) {
    std::vector<BindFailure> failures;
    for (const Opened::Path& path : opened.kept)
        if (const auto done = set_rights(path.address, *path.bind); !done)
            failures.push_back({path.bind->at, done.error().text});
    return failures;
}

std::size_t count_listeners(const config::Config& config, std::size_t workers) {
    std::size_t count = config.global.stats_sockets.size() + config.global.stats_maxconn;
    for (const config::Frontend& frontend : config.frontends)
        count += frontend.binds.size() * (is_page(frontend) ? 1 : workers);
    return count;
}

}  // namespace pgsteer::router
