// A session as text: a frontend's `log-format` filled in, HAProxy's default line, and the same
// facts as fields for JSON and the journal. Pure but for the counters that fetches read. Control
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_frame.h"
#include "config/session_log.h"
#include "routing/report.h"
#include "routing/rules.h"

namespace pgsteer::router {

// A format whose fetches are found.
struct LineForm {
    config::LogFormat format;
    std::vector<routing::Sample> samples;  // of its pieces of that kind, in their order
    bool early = false;                    // `option logasap`: its numbers go on growing
    std::uint32_t captures = 0;            // values that its frontend's rules may keep
};
LineForm line_form(const config::LogFormat& format, const routing::RoutingTable& table,
                   const std::string& frontend);

// What does not come with the session.
struct LineFacts {
    const routing::RoutingTable& table;
    std::string_view host = {};
    int pid = 0;
    std::uint64_t log_number = 0;  // lines of the frontend so far
    std::string_view listener_name = {};
    TimePoint now = {};
};

std::string session_text(const LineForm& form, const routing::SessionEnded& session,
                         const LineFacts& facts);
// "Connect from 127.0.0.1:40000 to 127.0.0.1:5000 (ReadWrite/TCP)"
std::string connect_text(const routing::SessionEnded& session, const routing::RoutingTable& table);
// "127.0.0.1:40000 [23/Nov/2026:10:00:00.123] ReadWrite/1: Received something which ..."
std::string failed_text(const routing::SessionEnded& session, const LineFacts& facts,
                        std::string_view why);
std::vector<log::Field> session_fields(const routing::SessionEnded& session,
                                       const routing::RoutingTable& table);

}  // namespace pgsteer::router
