// Names: host names of servers and of their checks, and the addresses they stand for. All are
// resolved before the start (blocking, as HAProxy does), and again when a connect to one fails,
// without blocking the control thread. Owned by router/control; that thread alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/location.h"
#include "health/cluster.h"

namespace pgsteer::router {

struct NameFailure {
    config::Location at;
    std::string text;  // "'server pg0' : could not resolve address 'pg0': ..."
};

using Resolve = std::function<Result<std::vector<Address>>(const std::string& host, Port port)>;

class Names {
  public:
    // The cluster outlives this. It has `servers` servers.
    Names(health::Cluster& cluster, std::size_t servers);

    // Every name once; answers each line whose name is unknown, but for `init-addr none`.
    std::vector<NameFailure> resolve_all(const Resolve& resolve);

    // What a host stands for now; empty while it is not known.
    std::vector<Address> addresses(const std::string& host, Port port) const;

    // May this name be asked again now? At most once a second; never for a literal address. Who got
    // a yes asks, and calls learn().
    bool may_ask(const std::string& host, TimePoint now);
    // An empty answer changes nothing: what was known stays in use.
    void learn(const std::string& host, std::vector<Address> found);

    // An operator gave the server another name, or added it: answers the host to resolve; empty
    // when there is nothing to ask. Its checks' hosts are known from then on, too.
    std::string follow(routing::ServerId server);

    // Names without an address, worth asking again by themselves.
    std::vector<std::string> unknown() const;

  private:
    struct Name {
        std::vector<Address> addresses;  // port 0
        std::vector<routing::ServerId> servers;
        TimePoint last_asked = TimePoint::min();
        bool literal = false;
    };
    void give_to_servers(const Name& name);

    health::Cluster& cluster_;
    const std::size_t servers_;
    std::map<std::string, Name> names_;  // by host, as written
};

// Asks the system's resolver on a thread of the executor's own. Empty: not known now.
boost::asio::awaitable<std::vector<Address>> ask_resolver(std::string host);

}  // namespace pgsteer::router
