// A session's facts under stable keys: docs/logs.md has the list.
#include <fmt/format.h>

#include "router/session_text.h"

namespace pgsteer::router {
namespace {

using log::Field;

template <class Number>
void add_number(std::vector<Field>& fields, std::string_view key, Number number) {
    fields.push_back({key, fmt::format("{}", number), true});
}

void add_address(std::vector<Field>& fields, std::string_view key, std::string_view port_key,
                 const Address& address) {
    if (address.is_unix()) fields.push_back({key, address.text()});
    if (!address.is_ip()) return;
    fields.push_back({key, address.host()});
    add_number(fields, port_key, number(address.port()));
}

// Times that never began are not there.
void add_time(std::vector<Field>& fields, std::string_view key, milliseconds time) {
    if (time.count() >= 0) add_number(fields, key, time.count());
}

}  // namespace

std::vector<Field> session_fields(const routing::SessionEnded& session,
                                  const routing::RoutingTable& table) {
    const auto state = routing::termination_state(session.reason, session.phase);
    std::vector<Field> fields{
        {"frontend", table.at(session.frontend).name},
        {"backend", table.at(session.backend).name},
    };
    if (session.has_server) fields.push_back({"server", table.at(session.server).name});
    fields.push_back({"cause", std::string(routing::word(session.reason))});
    fields.push_back({"state", std::string{state.cause, state.phase}});
    add_address(fields, "client", "client_port", session.client);
    if (!session.client.is_ip()) fields.push_back({"client", "unix"});
    add_address(fields, "destination", "destination_port", session.destination);
    add_address(fields, "source", "source_port", session.source);
    if (session.has_server)
        add_address(fields, "server_address", "server_port", session.server_address);
    fields.push_back({"accepted", log::iso_date(session.accepted)});
    add_time(fields, "handshake_ms", session.handshake);
    add_time(fields, "waiting_ms", session.waited);
    add_time(fields, "connect_ms", session.connecting);
    add_time(fields, "total_ms", session.total);
    add_number(fields, "bytes_in", session.bytes_in);
    add_number(fields, "bytes_out", session.bytes_out);
    add_number(fields, "retries", session.retries);
    fields.push_back({"redispatched", session.redispatched ? "true" : "false", true});
    add_number(fields, "queue_position", session.queue_position);
    add_number(fields, "sessions", session.process_sessions);
    add_number(fields, "frontend_sessions", session.frontend_sessions);
    add_number(fields, "backend_sessions", session.backend_sessions);
    add_number(fields, "server_sessions", session.server_sessions);
    if (!session.captured.empty())
        fields.push_back({"captured", fmt::format("{}", fmt::join(session.captured, "|"))});
    add_number(fields, "listener", session.listener);
    add_number(fields, "number", session.number);
    return fields;
}

}  // namespace pgsteer::router
