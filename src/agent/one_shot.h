// The parts of `pgsteer check`: one request from a descriptor, one question to PostgreSQL, one
// answer. Blocking, each with a bound; for a process that lives for one check.
#pragma once

#include <boost/asio/io_context.hpp>
#include <string_view>

#include "http/server.h"
#include "probe/role.h"

namespace pgsteer::agent {

// Reads one request. What is silent for a second, ends or makes no sense is taken as "GET /",
// because the caller is owed an answer all the same.
http::Request read_request(int fd);

// Asks once; unknown when there is no answer within options.timeout, however it is spent. `io` must
// outlive the answer's delivery: a name that is still being looked up holds up its destructor.
probe::RoleState ask_once(boost::asio::io_context& io, const probe::WatchOptions& options);

void write_all(int fd, std::string_view text);

// Ends our side, then reads what the client still sends for a moment, so that no reset overtakes
// the answer. No effect on what is not a socket.
void close_cleanly(int fd);

}  // namespace pgsteer::agent
