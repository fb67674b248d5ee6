// Prepare: from the files to a configuration that can be routed by: read, checked, its names
// resolved, fitted to what the system allows. Changes nothing but the limit of descriptors. Called
// at start; and at a reload, there on a thread of its own, as names may take their time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"
#include "dns/system_names.h"
#include "router/flags.h"
#include "router/names.h"

namespace pgsteer::router {

// What a configuration is read from: the same at every reload.
struct Source {
    Flags flags;
    config::LoadOptions load;
    std::string resolv_conf = "/etc/resolv.conf";
};

// Threads that relay.
std::size_t workers_of(const config::Global& global);
// Settles what depends on flags and system: the limit of sessions, quietness, name servers. The
// complaint when fewer sessions are possible than were asked for, else "".
std::string fit(config::Config& config, const Source& source, std::size_t workers);
// Where the files of the system will be out of reach (`chroot`), what they say of names; else null.
std::shared_ptr<const dns::SystemNames> system_names_of(const config::Global& global,
                                                        const Source& source);
using KnownHosts = std::map<std::string, std::vector<Address>>;

struct Prepared {
    std::shared_ptr<const config::Config> config;
    std::vector<std::string> warnings;
    std::vector<std::string> errors;  // "[FILE:LINE] ..."; any: the configuration cannot be used
    std::map<std::string, Result<std::vector<Address>>> found;  // by host: what names stand for
};

// Names that are known are not asked for.
Prepared prepare(const Source& source, std::size_t workers, const KnownHosts& known,
                 const Resolve& resolve);

// What differs and is settled once at start: "nbthread", "user" ...
std::vector<std::string> needs_restart(const config::Config& before, const config::Config& now);

}  // namespace pgsteer::router
