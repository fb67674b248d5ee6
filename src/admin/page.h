// What a frontend of mode http answers: the stats page and its other forms (";csv", ";json"), and
// the metrics. Checks `stats auth`, answers 404 elsewhere. Pure.
#pragma once

#include "admin/snapshot.h"

namespace pgsteer::admin {

http::Response answer_page(const Snapshot& snapshot, const config::StatsPage& page,
                           const http::Request& request);

// The page itself, as HTML.
http::Response stats_page(const Snapshot& snapshot, const config::StatsPage& page,
                          const http::Request& request);

}  // namespace pgsteer::admin
