#include "router/states.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "health/saved_state.h"

namespace pgsteer::router {
namespace {

// "": the backend reads none.
std::string file_of(const config::Global& global, const config::Backend& backend) {
    std::string name;
    if (backend.load_states == config::LoadStates::global)
        name = global.states_file;
    else if (backend.load_states == config::LoadStates::local)
        name = backend.states_file.empty() ? backend.name : backend.states_file;
    if (name.empty() || name.front() == '/' || global.states_base.empty()) return name;
    return global.states_base + "/" + name;
}

Result<SavedStates::File> read(const std::string& path) {
    struct stat found {};
    std::ifstream file(path, std::ios::binary);
    if (::stat(path.c_str(), &found) != 0 || !file) return system_error("state file " + path);
    if (!S_ISREG(found.st_mode)) return Error{fmt::format("state file {} is no file", path)};
    auto servers = health::read_saved_state(
        std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
    if (!servers) return Error{fmt::format("state file {} {}", path, servers.error().text)};
    const auto written = std::chrono::system_clock::from_time_t(found.st_mtime);
    const auto age = std::chrono::system_clock::now() - written;
    return SavedStates::File{std::move(*servers), std::chrono::duration_cast<Duration>(age)};
}

}  // namespace

SavedStates read_states(const config::Config& config) {
    SavedStates saved;
    std::map<std::string, std::vector<std::string>> backends;  // by file
    for (const config::Backend& backend : config.backends)
        if (std::string path = file_of(config.global, backend); !path.empty())
            backends[std::move(path)].push_back(backend.name);
    for (const auto& [path, names] : backends) {
        auto found = read(path);
        if (!found) {
            saved.wrong.push_back(found.error().text);
            continue;
        }
        std::erase_if(found->servers, [&names = names](const health::SavedServer& server) {
            return std::find(names.begin(), names.end(), server.backend) == names.end();
        });
        saved.files.push_back(std::move(*found));
    }
    return saved;
}

LastAddresses last_addresses(const SavedStates& saved, const health::Cluster& cluster) {
    LastAddresses addresses;
    for (const SavedStates::File& file : saved.files)
        for (const health::SavedServer& server : file.servers) {
            const auto id = cluster.find(server.backend, server.name);
            if (!id || cluster.server_config(*id).endpoint.host != server.fqdn) continue;
            if (const auto address = Address::from_literal(server.address, Port{0}))
                addresses.insert_or_assign(server.backend + "/" + server.name, *address);
        }
    return addresses;
}

void restore_states(const SavedStates& saved, health::Cluster& cluster, TimePoint now) {
    for (const SavedStates::File& file : saved.files)
        (void)cluster.restore(file.servers, file.age, now);
}

}  // namespace pgsteer::router
