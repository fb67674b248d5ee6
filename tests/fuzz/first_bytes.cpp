// A client's first bytes: a PROXY header, a TLS ClientHello, a PostgreSQL packet. What is found
// lies within what came, and more bytes never take back what was found.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "pgwire/client_hello.h"
#include "pgwire/proxy_protocol.h"
#include "pgwire/startup.h"

using pgsteer::pgwire::ClientHello;
using pgsteer::pgwire::ProxyHeader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto all = std::as_bytes(std::span(data, size));
    const ProxyHeader whole = pgsteer::pgwire::read_proxy_header(all);
    if (whole.found == ProxyHeader::Found::yes && (whole.size > size || whole.size < 8))
        std::abort();
    const ClientHello hello = pgsteer::pgwire::read_client_hello(all);
    if (hello.server_name) {
        const auto* begin = reinterpret_cast<const char*>(data);
        if (hello.server_name->data() < begin ||
            hello.server_name->data() + hello.server_name->size() > begin + size)
            std::abort();
    }
    for (const std::size_t part : {size / 2, size - size / 4}) {
        const auto some = all.first(part);
        const auto header = pgsteer::pgwire::read_proxy_header(some);
        if (header.found != ProxyHeader::Found::incomplete && header.found != whole.found)
            std::abort();
        const auto early = pgsteer::pgwire::read_client_hello(some);
        if (early.found != ClientHello::Found::incomplete && early.found != hello.found)
            std::abort();
    }
    (void)pgsteer::pgwire::classify(all);
    return 0;
}
