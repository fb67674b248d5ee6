#include "router/prepare.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/privileges.h"
#include "router/limits.h"
#include "router/listen.h"
#include "routing/waiting.h"

namespace pgsteer::router {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// A look at all names as a start would have it; the cluster is thrown away.
void look_up(Prepared& prepared, const KnownHosts& known, const Resolve& resolve) {
    const TimePoint now = Clock::now();
    health::Cluster cluster(*prepared.config, {1, now, [] { return 0.5; }});
    Names names(cluster, prepared.config);
    const auto asked = [&](const std::string& host, Port port) -> Result<std::vector<Address>> {
        if (const auto found = known.find(host); found != known.end()) return found->second;
        const auto [found, fresh] = prepared.found.try_emplace(host, Error{});
        if (fresh) found->second = resolve(host, port);
        return found->second;
    };
    for (const NameFailure& failure : names.resolve_all(asked, now))
        (failure.fatal ? prepared.errors : prepared.warnings)
            .push_back(fmt::format("[{}] {}", failure.at.text(), failure.text));
}

}  // namespace

std::size_t workers_of(const config::Global& global) {
    return std::clamp<std::size_t>(global.threads.value_or(usable_cores()), 1,
                                   routing::most_workers);
}

std::string fit(config::Config& config, const Source& source, std::size_t workers) {
    const Flags& flags = source.flags;
    config::Global& global = config.global;
    const std::size_t listeners = count_listeners(config, workers);
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_max = 1024;  // Linux's old default
    const auto wanted = wanted_limits({flags.maxconn, global.maxconn, listeners, limit.rlim_max});
    // As in HAProxy it raises the limit, and does not lower it.
    const std::size_t have =
        raise_descriptor_limit(global.open_files > 0 ? global.open_files : wanted.descriptors);
    global.quiet =
        global.quiet || flags.quiet || ((global.daemon || flags.daemon) && !flags.foreground);
    add_system_nameservers(config, text_of(source.resolv_conf));
    global.maxconn = wanted.maxconn;
    if (have >= wanted.descriptors) return "";
    global.maxconn = sessions_within(have, listeners);
    if (global.open_files > have)
        return fmt::format(
            "ulimit-n {}: the limit is {}: going on with maxconn {}; raise "
            "LimitNOFILE (systemd) or ulimit -n",
            global.open_files, have, global.maxconn);
    if (!wanted.chosen) return "";
    return fmt::format(
        "maxconn {} needs {} open files, the limit is {}: going on with maxconn {}; raise {}",
        wanted.maxconn, wanted.descriptors, have, global.maxconn,
        global.open_files > 0 ? "ulimit-n" : "LimitNOFILE (systemd) or ulimit -n");
}

std::shared_ptr<const dns::SystemNames> system_names_of(const config::Global& global,
                                                        const Source& source) {
    if (!global.root_folder) return nullptr;
    return std::make_shared<const dns::SystemNames>(
        dns::read_system_names(text_of("/etc/hosts"), text_of(source.resolv_conf)));
}

Prepared prepare(const Source& source, std::size_t workers, const KnownHosts& known,
                 const Resolve& resolve) {
    Prepared prepared;
    config::Loaded loaded = config::load(source.load);
    for (const config::Diagnostic& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == config::Severity::alert)
            prepared.errors.push_back(diagnostic.line());
        else if (diagnostic.severity == config::Severity::warning)
            prepared.warnings.push_back(diagnostic.line());
    if (!loaded.ok()) return prepared;
    if (const std::string complaint = fit(loaded.config, source, workers); !complaint.empty())
        prepared.warnings.push_back(complaint);
    prepared.config = std::make_shared<const config::Config>(std::move(loaded.config));
    look_up(prepared, known, resolve);
    return prepared;
}

std::vector<std::string> needs_restart(const config::Config& before, const config::Config& now) {
    std::vector<std::string> words;
    const auto compare = [&words](std::string_view word, const auto& a, const auto& b) {
        if (a != b) words.emplace_back(word);
    };
    compare("nbthread", workers_of(before.global), workers_of(now.global));
    compare("user", before.global.user, now.global.user);
    compare("group", before.global.group, now.global.group);
    compare("chroot", before.global.root_folder, now.global.root_folder);
    compare("daemon", before.global.daemon, now.global.daemon);
    compare("pidfile", before.global.pid_file, now.global.pid_file);
    compare("master-worker", before.global.master, now.global.master);
    return words;
}

}  // namespace pgsteer::router
