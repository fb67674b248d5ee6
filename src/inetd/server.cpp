#include "inetd/server.h"

#include <set>

#include "base/log.h"

namespace pgsteer::inetd {
namespace {

// Can the listening socket stay?
bool same_place(const config::InetService& a, const config::InetService& b) {
    return a.port == b.port && a.bind == b.bind && a.family == b.family && a.v6only == b.v6only &&
           a.nodelay == b.nodelay && a.keepalive == b.keepalive;
}

UniqueFd take_given(std::vector<UniqueFd>& given, const config::InetService& service) {
    for (UniqueFd& fd : given)
        if (fd && number(Address::local_of(fd.get()).port()) == *service.port) return std::move(fd);
    return {};
}

}  // namespace

Server::Server(boost::asio::any_io_executor executor, Common common)
    : executor_(std::move(executor)), common_(std::move(common)) {}

std::vector<std::string> Server::apply(const config::InetConfig& config,
                                       std::vector<UniqueFd> given) {
    std::vector<std::string> failures;
    std::set<std::string> ids;
    for (const config::InetService& service : config.services)
        ids.insert(service.id);
    std::erase_if(services_, [&](const auto& entry) {
        if (!ids.contains(entry.first)) log::notice("service {} is gone", entry.first);
        return !ids.contains(entry.first);
    });
    for (const config::InetService& service : config.services) {
        const auto found = services_.find(service.id);
        if (found != services_.end() && same_place(found->second.config(), service)) {
            if (const auto changed = found->second.reconfigure(service); !changed)
                failures.push_back(changed.error().text);
            continue;
        }
        services_.erase(service.id);
        Service fresh(executor_, common_, service);
        if (const auto listens = fresh.listen(take_given(given, service)); !listens) {
            failures.push_back(listens.error().text);
            continue;
        }
        log::notice("service {} listens on port {}", service.id, *service.port);
        services_.emplace(service.id, std::move(fresh));
    }
    for (const UniqueFd& fd : given)
        if (fd)
            log::warning("no service has port {}, on which systemd listens",
                         number(Address::local_of(fd.get()).port()));
    return failures;
}

std::vector<std::string> Server::dump() const {
    std::vector<std::string> lines;
    for (const auto& [id, service] : services_)
        lines.push_back(service.dump());
    return lines;
}

}  // namespace pgsteer::inetd
