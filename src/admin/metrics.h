// The metrics page: HAProxy 2.6's built-in exporter in names, labels, types and help, so that its
// dashboards work, and pgsteer_... for what HAProxy does not know. Pure.
#pragma once

#include <string>
#include <string_view>

#include "admin/snapshot.h"
#include "http/server.h"

namespace pgsteer::admin {

struct MetricFilter {
    bool global = true, frontends = true, listeners = true, backends = true, servers = true;
    bool own = true;
    bool hide_maintenance = false;
};

// "scope=global&scope=server&no-maint"; nothing when it names a scope that there is not.
std::optional<MetricFilter> metric_filter(std::string_view query);
std::string metrics(const Snapshot& snapshot, const MetricFilter& filter);
http::Response metrics_page(const Snapshot& snapshot, const http::Request& request);

}  // namespace pgsteer::admin
