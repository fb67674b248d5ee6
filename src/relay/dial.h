// Dialling a server: a socket from where the server's line says, with the options of its backend,
// on which a connect is under way. Pure but for the kernel; any worker.
#pragma once

#include "base/address.h"
#include "base/fd.h"
#include "routing/table.h"

namespace pgsteer::relay {

// None with errno when the connect failed on the spot.
UniqueFd dial(const routing::BackendRow& backend, const routing::ServerRow& server,
              const Address& address);

// False with errno likewise.
bool connect_to(int fd, const Address& address);

}  // namespace pgsteer::relay
