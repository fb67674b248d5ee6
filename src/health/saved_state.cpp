// Columns and numbers are those of HAProxy 2.6 (src/server_state.c, include/haproxy/server-t.h).
#include "health/saved_state.h"

#include <algorithm>

#include "base/units.h"
#include "health/cluster_state.h"

namespace pgsteer::health {
namespace {

// srv_admin_state
constexpr std::uint32_t forced_maintenance = 1, file_maintenance = 4, forced_drain = 8;
// Where they stand in a line.
enum Column : std::size_t {
    backend_name = 1,
    server_name = 3,
    address = 4,
    operation = 5,
    admin_state = 6,
    user_weight = 7,
    file_weight = 8,
    since_change = 9,
    fqdn = 17,
    port = 18,
    least_columns = 19
};
// No file of real life is near; a mistaken path is.
constexpr std::size_t most_servers = 100'000;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const auto end = std::min(line.find(' '), line.size());
        if (end > 0) words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

// Nothing: the line is of no server.
std::optional<SavedServer> read_line(std::string_view line) {
    const auto words = words_of(line);
    if (words.size() < least_columns) return std::nullopt;
    bool good = true;
    const auto number = [&](Column column, std::int64_t most) {
        const auto value = parse_integer(words[column], 0, most);
        good = good && value.has_value();
        return value ? static_cast<std::uint32_t>(*value) : 0;
    };
    SavedServer server;
    server.backend = words[backend_name];
    server.name = words[server_name];
    server.address = words[address];
    server.operation = static_cast<SavedServer::Operation>(number(operation, 3));
    const std::uint32_t admin = number(admin_state, 255);
    server.forced_maintenance = (admin & forced_maintenance) != 0;
    server.disabled_by_file = (admin & file_maintenance) != 0;
    server.forced_drain = (admin & forced_drain) != 0;
    server.weight = number(user_weight, 256);
    server.weight_of_file = number(file_weight, 256);
    server.since_change = seconds(number(since_change, INT32_MAX));
    server.fqdn = words[fqdn];
    server.port = static_cast<Port>(number(port, 65'535));
    return good ? std::optional(server) : std::nullopt;
}

// srv_state_srv_update(): what the file says now counts where it said something else then.
void restore_admin(ServerState& server, const SavedServer& saved) {
    const bool disabled = server.config->disabled;
    if (saved.disabled_by_file == disabled && saved.forced_maintenance != disabled)
        server.admin.mode = disabled ? AdminMode::ready : AdminMode::maintenance;
    // HAProxy shows servers of weight 0 as forced to drain, too.
    if (saved.forced_drain && !server.maintenance() && saved.weight_of_file != 0)
        server.admin.mode = AdminMode::drain;
    if (saved.weight_of_file == server.config->weight && saved.weight != server.config->weight)
        server.admin.weight = saved.weight;
}

// For how long what checks found stands without them: as long as they would have taken to notice.
// A role may have changed by then, and so a file is never worth more than this.
Duration worth(const config::Server& server) {
    constexpr seconds most{10};
    return std::min<Duration>(server.inter * std::max(server.fall, 1U), most);
}

// Was it there that checks had found something?
bool is_there(const ServerState& server, const SavedServer& saved) {
    const auto then = Address::from_literal(saved.address, saved.port);
    const auto& now = server.addresses;
    return now.empty() || !then || std::find(now.begin(), now.end(), *then) != now.end();
}

}  // namespace

Result<std::vector<SavedServer>> read_saved_state(std::string_view text) {
    std::vector<SavedServer> servers;
    bool is_first = true;
    while (!text.empty() && servers.size() < most_servers) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty()) continue;
        if (is_first && line != "1")
            return Error{"is not a state file of version 1, as 'show servers state' writes it"};
        if (!std::exchange(is_first, false) && !line.starts_with('#'))
            if (auto server = read_line(line)) servers.push_back(std::move(*server));
    }
    return servers;
}

std::size_t Cluster::restore(std::span<const SavedServer> saved, Duration age, TimePoint now) {
    std::size_t restored = 0;
    for (const SavedServer& line : saved) {
        const auto id = find(line.backend, line.name);
        if (!id) continue;
        ++restored;
        ServerState& server = state_->at(*id);
        restore_admin(server, line);
        server.last_change = now - line.since_change;
        const bool stopped = line.operation == SavedServer::Operation::stopped;
        const bool is_young = age >= Duration::zero() && age <= worth(*server.config);
        if (server.config->check && !line.forced_maintenance && is_young && is_there(server, line))
            server.rise_fall.assume(!stopped);
        state_->ask_anew(*id, now);
    }
    if (restored > 0) (void)advance(now);
    return restored;
}

}  // namespace pgsteer::health
