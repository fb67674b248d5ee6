// What an operator can do to servers and frontends, for the runtime API and the page alike: each
// function checks its words, changes the axis of the verdict, tells the log and publishes. Answers
// what HAProxy answers; "" when there is nothing to say. Control thread.
#pragma once

#include <optional>
#include <string>

#include "admin/desk.h"
#include "base/result.h"

namespace pgsteer::admin {

// "BACKEND/SERVER"; the error is HAProxy's.
Result<routing::ServerId> find_server(const Desk& desk, const std::string& path);
Result<routing::FrontendId> find_frontend(const Desk& desk, const std::string& name);

void set_mode(Desk& desk, routing::ServerId server, health::AdminMode mode);
// "20", "50%" (of the file's) or "100%".
std::string set_weight(Desk& desk, routing::ServerId server, const std::string& weight);
std::string set_maxconn(Desk& desk, routing::ServerId server, const std::string& maxconn);
std::string set_address(Desk& desk, routing::ServerId server, const std::string& address,
                        const std::optional<std::string>& port);
std::string set_name(Desk& desk, routing::ServerId server, const std::string& fqdn);
void pause_checks(Desk& desk, routing::ServerId server, bool paused);
void pause_agent(Desk& desk, routing::ServerId server, bool paused);
void force_health(Desk& desk, routing::ServerId server, health::ForcedHealth health);
void force_agent(Desk& desk, routing::ServerId server, bool up);
// Its sessions end; how many it has.
std::uint32_t end_sessions(Desk& desk, routing::ServerId server);
std::string set_frontend(Desk& desk, routing::FrontendId frontend,
                         health::FrontendAdmin::Mode mode);
void clear_counters(Desk& desk, bool all);
std::string add_server(Desk& desk, const std::string& path, const std::vector<std::string>& words);
std::string remove_server(Desk& desk, const std::string& path);

}  // namespace pgsteer::admin
