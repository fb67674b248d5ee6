// Names: host names of servers and of their checks, and the addresses they stand for. All are
// resolved before the start as `init-addr` says (blocking, as HAProxy does). Then the names of
// servers with `resolvers` are asked of their name servers again and again; those that the system
// resolves are asked when a connect to one failed, and while they are unknown. Pure but for the
// cluster, which is told where its servers are: time is an argument. Owned by router/control; that
// thread alone.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "config/config.h"
#include "dns/held.h"
#include "dns/places.h"
#include "dns/resolve.h"
#include "dns/system_names.h"
#include "health/cluster.h"

namespace pgsteer::router {

struct NameFailure {
    config::Location at;
    std::string text;    // "'server pg0' : could not resolve address 'pg0': ..."
    bool fatal = false;  // else the server starts without an address
};

// To be asked now.
struct NameQuery {
    std::string key;
    std::string host;
    const config::Resolvers* section = nullptr;  // none: the system
    dns::Wanted wanted = dns::Wanted::ipv6_first;
};

// By "BACKEND/SERVER": where those that have a name were before the start (`init-addr last`).
using LastAddresses = std::map<std::string, Address>;
using Resolve = std::function<Result<std::vector<Address>>(const std::string& host, Port port)>;

class Names {
  public:
    // The cluster outlives this.
    Names(health::Cluster& cluster, std::shared_ptr<const config::Config> config);
    // Likewise `config`, here.
    Names(health::Cluster& cluster, const config::Config& config)
        : Names(cluster, {std::shared_ptr<void>(), &config}) {}

    // The cluster goes by another configuration now. What is known of names that are asked as
    // before stands.
    void reload(std::shared_ptr<const config::Config> config);
    // Hosts that are known, and what they stand for.
    std::map<std::string, std::vector<Address>> known() const;

    // Every name once; answers each line whose name is unknown, but for `init-addr none`.
    // What is taken from `last` is asked for soon.
    std::vector<NameFailure> resolve_all(const Resolve& resolve, TimePoint now,
                                         const LastAddresses& last = {});

    // What the host of a question stands for now; empty while it is not known. Port 0: that of the
    // service its place has.
    std::vector<Address> addresses(const std::string& host, Port port) const;

    // A connect failed there: the name is asked soon, at most once a second.
    void suspect(const std::string& host, TimePoint now);
    // What is to be asked now; who asks says what came of it.
    std::vector<NameQuery> take_due(TimePoint now);
    TimePoint next_due() const;
    std::vector<health::Change> learn(const std::string& key, const dns::Answer& answer,
                                      TimePoint now);

    // An operator gave the server another name, or added it. Its checks' hosts are known from then
    // on, too.
    std::vector<health::Change> follow(routing::ServerId server, TimePoint now);

  private:
    struct Name {
        std::string host;
        const config::Resolvers* section = nullptr;
        std::string section_name;  // empty: the system
        dns::Wanted wanted = dns::Wanted::ipv6_first;
        bool literal = false;
        bool of_service = false;  // an SRV answer told of it
        dns::Held held;
        std::vector<routing::ServerId> servers;
        dns::Places<Address> places;  // of servers that share it
        dns::Places<dns::Target> services;
        std::vector<Network> networks;  // these first
        bool repeat = false;            // an address in several places
        bool under_way = false;
        TimePoint asked = TimePoint::min();
        TimePoint due = never;
        milliseconds pause{0};  // of a name that the system does not know, doubling
        std::string told_by;
    };
    void add_all();
    void go_on(Name& name, Name before);
    const config::Resolvers* section_of(const std::string& name) const;
    Name& add_host(const std::string& host);
    void add_server(routing::ServerId id);
    Name* find(const std::string& host);
    const Name* find(const std::string& host) const;
    struct Start {
        const Resolve& resolve;
        const LastAddresses& last;
        TimePoint now;
    };
    bool start_with(Name& name, const config::Server& server, const Start& start);
    void start_as_before(Name& name, const Start& start);
    void schedule(Name& name, const dns::Answer& answer, TimePoint now);
    void spread(Name& name, TimePoint now);
    void keep_targets(const Name& service, TimePoint now);
    std::vector<Address> ordered(const Name& name) const;
    health::Whereabouts where_is(const Name& name, routing::ServerId id) const;
    std::vector<health::Change> give(const Name& name, TimePoint now);

    health::Cluster& cluster_;
    std::shared_ptr<const config::Config> config_;
    std::map<std::string, Name>
        names_;                  // by key (config/naming.h); a host that the system resolves
    std::size_t under_way_ = 0;  // of names that are no more, too
    std::map<std::string, std::string> unknown_;  // hosts at start, and why
};

// The name servers of resolv.conf(5), `text`, where a section wants them.
void add_system_nameservers(config::Config& config, std::string_view text);

// Asks whom the query says; `system` instead of the system's resolver, whose files are out of
// reach, unless it is null. It outlives the call. Never throws for what the network says.
boost::asio::awaitable<dns::Answer> ask(NameQuery query, const dns::SystemNames* system);

}  // namespace pgsteer::router
