#include "router/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "dns/resolv_conf.h"

namespace pgsteer::router {
namespace {

constexpr seconds pause_a_name{1};
// Between two questions about a name that the system does not know: HAProxy's `hold` for errors.
constexpr seconds longest_pause{30};
// `timeout resolve 0` would ask without a pause.
constexpr milliseconds least_resolve{100};
// So many names are asked at one time; the others wait their turn.
constexpr std::size_t most_under_way = 64;

// What the system said stands until it says something else.
const config::Resolvers& system_holds() {
    static const config::Resolvers holds = [] {
        config::Resolvers made;
        made.name = "the system";
        return made;
    }();
    return holds;
}

std::vector<Address> with_port(std::vector<Address> addresses, Port port) {
    for (Address& address : addresses)
        address = address.with_port(port);
    return addresses;
}

// server_parse_weight's range, and HAProxy's way to fit DNS's into it (resolvers.c).
std::uint32_t weight_of(const dns::Target& target) {
    return (std::uint32_t{target.weight} + 255) / 256;
}

dns::Wanted wanted_of(const std::string& host, const config::Naming& naming) {
    if (config::is_service(host) && !naming.resolvers.empty()) return dns::Wanted::services;
    return naming.prefer_ipv4 ? dns::Wanted::ipv4_first : dns::Wanted::ipv6_first;
}

// "pg.x@dns#2": the key, and the place from 0.
struct PlaceName {
    std::string key;
    std::optional<std::size_t> number;
};
PlaceName split(const std::string& host) {
    const auto at = host.find('@');
    const auto hash = at == std::string::npos ? at : host.find('#', at);
    if (hash == std::string::npos) return {host, std::nullopt};
    return {host.substr(0, hash), std::stoul(host.substr(hash + 1)) - 1};
}

// The name of a target of the service is asked of the same section, for the same family first.
std::string key_of(const dns::Target& target, const std::string& service_key) {
    return target.host + service_key.substr(service_key.find('@'));
}

}  // namespace

Names::Names(health::Cluster& cluster, std::shared_ptr<const config::Config> config)
    : cluster_(cluster), config_(std::move(config)) {
    add_all();
}

void Names::add_all() {
    for (const routing::ServerId id : cluster_.servers())
        add_server(id);
    for (const health::Question& question : cluster_.questions())
        if (!question.servers.empty())
            for (const health::Peer& peer : question.peers)
                if (!peer.unix_socket) (void)add_host(peer.host);
}

const config::Resolvers* Names::section_of(const std::string& name) const {
    const auto found = std::find_if(config_->resolvers.begin(), config_->resolvers.end(),
                                    [&](const auto& section) { return section.name == name; });
    return found == config_->resolvers.end() ? nullptr : &*found;
}

// A host as a question has it. Those of servers that name servers resolve are there already.
Names::Name& Names::add_host(const std::string& host) {
    const std::string key = split(host).key;
    const auto [found, fresh] = names_.try_emplace(key);
    Name& name = found->second;
    if (!fresh) return name;
    name.host = key;
    const auto literal = Address::from_literal(key, Port{0});
    name.literal = literal.has_value();
    if (literal) name.held.begin_with({*literal}, TimePoint::min());
    return name;
}

void Names::add_server(routing::ServerId id) {
    const config::Server& server = cluster_.server_config(id);
    if (server.endpoint.unix_socket) return;
    const auto fqdn = cluster_.admin(id).fqdn;
    const std::string host = fqdn.value_or(server.endpoint.host);
    const config::Naming& naming = server.naming;
    Name& name = add_host(naming.key.empty() && !fqdn ? host : config::naming_key(host, naming));
    name.host = host;
    name.servers.push_back(id);
    if (name.literal || naming.resolvers.empty()) return;
    name.section = section_of(naming.resolvers);
    name.section_name = naming.resolvers;
    name.wanted = wanted_of(host, naming);
    name.networks = naming.networks;
    name.repeat = naming.repeat_addresses;
    if (!naming.shared || fqdn) return;
    name.places.resize(std::max(name.places.size(), naming.number + 1));
    name.services.resize(name.places.size());
}

Names::Name* Names::find(const std::string& host) {
    const auto found = names_.find(split(host).key);
    return found == names_.end() ? nullptr : &found->second;
}

const Names::Name* Names::find(const std::string& host) const {
    const auto found = names_.find(split(host).key);
    return found == names_.end() ? nullptr : &found->second;
}

// By the methods of `init-addr`, one after the other; false when none is left.
bool Names::start_with(Name& name, const config::Server& server, const Start& start) {
    using Method = config::InitAddress::Method;
    if (name.held.known() || name.wanted == dns::Wanted::services) return true;
    for (const config::InitAddress& init : server.naming.init) {
        if (init.method == Method::none) return true;
        if (init.method == Method::last) start_as_before(name, start);
        if (init.method == Method::fixed) name.held.begin_with({init.address}, start.now);
        if (init.method == Method::libc && !unknown_.contains(name.host)) {
            auto found = start.resolve(name.host, Port{0});
            if (found)
                name.held.begin_with(*found, start.now);
            else
                unknown_[name.host] = found.error().text;
        }
        if (name.held.known()) return true;
    }
    return false;
}

// Each of the servers that share the name gets the place it had.
void Names::start_as_before(Name& name, const Start& start) {
    std::vector<Address> addresses;
    for (const routing::ServerId id : name.servers) {
        const config::Server& server = cluster_.server_config(id);
        const auto found = start.last.find(cluster_.backend_config(id).name + "/" + server.name);
        if (found == start.last.end()) continue;
        if (std::find(addresses.begin(), addresses.end(), found->second) == addresses.end())
            addresses.push_back(found->second);
        if (server.naming.number < name.places.size())
            name.places[server.naming.number] = found->second;
    }
    if (addresses.empty()) return;
    name.held.begin_with(addresses, start.now);
    name.due = start.now;
    name.told_by = "the state file";
}

std::vector<NameFailure> Names::resolve_all(const Resolve& resolve, TimePoint now,
                                            const LastAddresses& last) {
    std::vector<NameFailure> failures;
    const auto settle = [&](Name& name, const config::Server& server) {
        const bool fatal = !start_with(name, server, {resolve, last, now});
        const auto why = unknown_.find(name.host);
        if (name.held.known() || (!fatal && why == unknown_.end())) return;
        const std::string text = why != unknown_.end()
                                     ? why->second
                                     : "no method of 'init-addr' resolves '" + name.host + "'";
        failures.push_back({server.at,
                            fmt::format("'server {}' : {}{}", server.name, text,
                                        fatal ? "" : ", starting without an address"),
                            fatal});
    };
    for (const routing::ServerId id : cluster_.servers()) {
        const config::Server& server = cluster_.server_config(id);
        if (server.endpoint.unix_socket)
            cluster_.move(id, {{*server.endpoint.unix_socket}, {}, ""}, now);
        else
            settle(*find(server.home()), server);
    }
    for (const health::Question& question : cluster_.questions())
        for (const health::Peer& peer : question.peers)
            if (!peer.unix_socket && !question.servers.empty())
                settle(*find(peer.host), cluster_.server_config(question.servers.front()));
    for (auto& [key, name] : names_) {
        spread(name, now);
        (void)give(name, now);
        const bool asked_again = name.section != nullptr || !name.held.known();
        if (asked_again && !name.under_way && name.due == never) name.due = now;
    }
    unknown_.clear();
    return failures;
}

std::vector<Address> Names::addresses(const std::string& host, Port port) const {
    const Name* const name = find(host);
    if (name == nullptr) return {};
    const auto number_of = split(host).number;
    if (!number_of) return with_port(ordered(*name), port);
    if (*number_of >= name->places.size()) return {};
    if (name->wanted == dns::Wanted::services) {
        const auto& target = name->services[*number_of];
        if (!target) return {};
        return addresses(key_of(*target, host.substr(0, host.find('#'))),
                         number(port) == 0 ? target->port : port);
    }
    const auto& place = name->places[*number_of];
    return place ? std::vector{place->with_port(port)} : std::vector<Address>{};
}

// Those in the wanted networks first.
std::vector<Address> Names::ordered(const Name& name) const {
    std::vector<Address> found = name.held.addresses();
    const auto rank = [&](const Address& address) {
        return std::find_if(name.networks.begin(), name.networks.end(),
                            [&](const auto& network) { return network.has(address); });
    };
    if (!name.networks.empty())
        std::stable_sort(found.begin(), found.end(),
                         [&](const Address& a, const Address& b) { return rank(a) < rank(b); });
    return found;
}

void Names::suspect(const std::string& host, TimePoint now) {
    Name* const name = find(host);
    if (name == nullptr || name->literal || name->under_way) return;
    // Compared this way round because the first value is the smallest TimePoint there is.
    const bool long_ago = name->asked <= now - pause_a_name;
    name->due = std::min(name->due, long_ago ? now : after(name->asked, pause_a_name));
}

std::vector<NameQuery> Names::take_due(TimePoint now) {
    std::vector<NameQuery> queries;
    for (auto& [key, name] : names_) {
        if (under_way_ >= most_under_way) break;
        if (name.literal || name.under_way || name.due > now) continue;
        name.under_way = true;
        name.asked = now;
        ++under_way_;
        queries.push_back({key, name.host, name.section, name.wanted});
    }
    return queries;
}

TimePoint Names::next_due() const {
    TimePoint first = never;
    if (under_way_ >= most_under_way) return first;  // the next answer looks again
    for (const auto& [key, name] : names_)
        if (!name.literal && !name.under_way) first = std::min(first, name.due);
    return first;
}

void Names::schedule(Name& name, const dns::Answer& answer, TimePoint now) {
    name.due = never;
    if (name.section != nullptr) {
        name.due = std::max(now, after(name.asked, std::max(name.section->resolve, least_resolve)));
    } else if (answer.status == dns::Status::valid) {
        name.pause = milliseconds{0};
    } else if (!name.held.known()) {
        name.pause = std::clamp<milliseconds>(2 * name.pause, pause_a_name, longest_pause);
        name.due = after(now, name.pause);
    }
}

std::vector<health::Change> Names::learn(const std::string& key, const dns::Answer& answer,
                                         TimePoint now) {
    const auto found = names_.find(key);
    --under_way_;
    if (found == names_.end()) return {};  // its service has gone meanwhile
    Name& name = found->second;
    name.under_way = false;
    const bool of_system = name.section == nullptr;
    const bool nothing_new = of_system && answer.status != dns::Status::valid;
    const bool changed =
        !nothing_new && name.held.take(of_system ? system_holds() : *name.section, answer, now);
    name.told_by = of_system ? "the system" : name.section->name + "/" + answer.from;
    schedule(name, answer, now);
    if (!changed) return {};
    spread(name, now);
    std::vector<health::Change> changes = give(name, now);
    if (!name.of_service) return changes;
    for (const auto& [other_key, service] : names_)
        if (service.wanted == dns::Wanted::services)
            for (health::Change& change : give(service, now))
                changes.push_back(std::move(change));
    return changes;
}

void Names::spread(Name& name, TimePoint now) {
    name.places = dns::spread(name.places, ordered(name), name.repeat);
    if (name.wanted != dns::Wanted::services) return;
    name.services = dns::spread(name.services, name.held.targets(), false);
    keep_targets(name, now);
}

// The names of a service's targets are asked for while it has them.
void Names::keep_targets(const Name& service, TimePoint now) {
    if (service.servers.empty()) return;
    const std::string key =
        config::naming_key(service.host, cluster_.server_config(service.servers.front()).naming);
    for (const auto& target : service.services) {
        if (!target) continue;
        const std::string target_key = key_of(*target, key);
        if (names_.contains(target_key)) continue;
        Name& added = add_host(target_key);
        added.host = target->host;
        added.section = service.section;
        added.section_name = service.section_name;
        added.of_service = true;
        added.due = now;
        added.wanted = key.ends_with("/ipv4") ? dns::Wanted::ipv4_first : dns::Wanted::ipv6_first;
    }
    std::erase_if(names_, [this](const auto& entry) {
        if (!entry.second.of_service || !entry.second.servers.empty()) return false;
        return std::none_of(names_.begin(), names_.end(), [&](const auto& other) {
            const auto& services = other.second.services;
            return std::any_of(services.begin(), services.end(), [&](const auto& target) {
                return target && key_of(*target, other.first) == entry.first;
            });
        });
    });
}

health::Whereabouts Names::where_is(const Name& name, routing::ServerId id) const {
    const config::Server& server = cluster_.server_config(id);
    health::Whereabouts where;
    const bool shares = server.naming.shared && !cluster_.admin(id).fqdn;
    where.told = name.told_by;
    if (!shares) {
        where.addresses = with_port(ordered(name), server.endpoint.port);
    } else {
        where.addresses = addresses(server.naming.place, server.endpoint.port);
        const auto& target = name.services[server.naming.number];
        if (target && !server.naming.ignore_weight) where.weight = weight_of(*target);
        if (target && server.endpoint.port == Port{0})
            where.addresses = with_port(std::move(where.addresses), target->port);
    }
    // HAProxy's words (snr_update_srv_status, resolv_check_response).
    const bool left_out = name.held.known() && name.wanted == dns::Wanted::services;
    if (where.addresses.empty())
        where.told = left_out             ? "entry removed from SRV record"
                     : !name.held.known() ? name.held.why()
                                          : "No IP for server";
    return where;
}

std::vector<health::Change> Names::give(const Name& name, TimePoint now) {
    std::vector<health::Change> changes;
    for (const routing::ServerId id : name.servers)
        for (health::Change& change : cluster_.move(id, where_is(name, id), now))
            changes.push_back(std::move(change));
    return changes;
}

std::vector<health::Change> Names::follow(routing::ServerId id, TimePoint now) {
    for (auto& [key, name] : names_)
        std::erase(name.servers, id);
    for (const health::Question& question : cluster_.questions())
        for (const health::Peer& peer : question.peers)
            if (!peer.unix_socket) {
                (void)add_host(peer.host);
                suspect(peer.host, now);
            }
    const config::Endpoint& endpoint = cluster_.server_config(id).endpoint;
    if (endpoint.unix_socket) return cluster_.move(id, {{*endpoint.unix_socket}, {}, ""}, now);
    add_server(id);
    for (auto& [key, name] : names_) {
        if (std::find(name.servers.begin(), name.servers.end(), id) == name.servers.end()) continue;
        suspect(key, now);
        return give(name, now);
    }
    return {};
}

void add_system_nameservers(config::Config& config, std::string_view text) {
    const auto found = dns::read_resolv_conf(text);
    for (config::Resolvers& section : config.resolvers)
        if (section.system_file)
            section.nameservers.insert(section.nameservers.end(), found.begin(), found.end());
}

}  // namespace pgsteer::router
