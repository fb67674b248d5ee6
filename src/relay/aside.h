// Aside: what few sessions have, in an allocation of its own, so that the others pay one pointer
// for all of it. Owned by its session; its worker's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "routing/stick_table.h"
#include "tls/end.h"

namespace pgsteer::relay {

struct Aside {
    std::optional<Address> called;  // the destination of its PROXY header, or of a rule
    routing::TrackedKeys tracked;
    // Of its bytes, what its tracked keys were told so far.
    std::uint64_t counted_in = 0, counted_out = 0;
    std::vector<std::string> captured;  // by `capture` rules, for the log; "": nothing
    std::unique_ptr<tls::End> client;   // its client speaks TLS
    std::unique_ptr<tls::End> server;   // so does its server
};

}  // namespace pgsteer::relay
