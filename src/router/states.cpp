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

struct Read {
    std::vector<health::SavedServer> servers;
    Duration age{};
};

Result<Read> read(const std::string& path) {
    struct stat found {};
    std::ifstream file(path, std::ios::binary);
    if (::stat(path.c_str(), &found) != 0 || !file) return system_error("state file " + path);
    auto servers = health::read_saved_state(
        std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
    if (!servers) return Error{fmt::format("state file {} {}", path, servers.error().text)};
    const auto written = std::chrono::system_clock::from_time_t(found.st_mtime);
    const auto age = std::chrono::system_clock::now() - written;
    return Read{std::move(*servers), std::chrono::duration_cast<Duration>(age)};
}

}  // namespace

std::vector<std::string> restore_states(const config::Config& config, health::Cluster& cluster,
                                        TimePoint now) {
    std::vector<std::string> wrong;
    std::map<std::string, std::vector<std::string>> backends;  // by file
    for (const config::Backend& backend : config.backends)
        if (std::string path = file_of(config.global, backend); !path.empty())
            backends[std::move(path)].push_back(backend.name);
    for (const auto& [path, names] : backends) {
        auto found = read(path);
        if (!found) {
            wrong.push_back(found.error().text);
            continue;
        }
        std::erase_if(found->servers, [&names = names](const health::SavedServer& server) {
            return std::find(names.begin(), names.end(), server.backend) == names.end();
        });
        (void)cluster.restore(found->servers, found->age, now);
    }
    return wrong;
}

}  // namespace pgsteer::router
