// CheckLines: what a section's lines say about checks, while they are read; resolve makes a Check
// of them. Part of a Proxy; control thread.
#pragma once

#include <string>
#include <vector>

#include "config/check.h"

namespace pgsteer::config {

struct CheckLines {
    enum class Dialect { connect, http, tcp, postgres, role, external };
    Dialect dialect = Dialect::connect;  // of the last `option ...chk`
    HttpSendStep request;                // of `option httpchk`
    std::string postgres_user;
    // The lines `http-check ...` and `tcp-check ...`, and how many there were, comments included.
    std::vector<Step> http_steps, tcp_steps;
    unsigned http_lines = 0, tcp_lines = 0;
    std::string http_comment, tcp_comment;  // of the line before the next step
    bool disable_on_404 = false;
    bool send_state = false;
    ExternalCheck external;
    // What the section says itself, not its defaults: it replaces theirs.
    bool own_option = false;  // option httpchk
    bool own_http = false;
    bool own_tcp = false;
};

}  // namespace pgsteer::config
