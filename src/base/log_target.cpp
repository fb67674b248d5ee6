#include "base/log_target.h"

#include <fmt/format.h>

namespace pgsteer::log {

std::string_view word(Level level) {
    constexpr std::string_view words[] = {"emerg",   "alert",  "crit", "err",
                                          "warning", "notice", "info", "debug"};
    return words[static_cast<std::size_t>(level)];
}

std::string Target::place() const {
    switch (kind) {
        case Kind::udp:
            return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, number(port))
                                                       : fmt::format("[{}]:{}", host, number(port));
        case Kind::unix_socket:
            return local.text();
        case Kind::journal:
            return "journald";
        case Kind::descriptor:
            break;
    }
    return descriptor == 1   ? "stdout"
           : descriptor == 2 ? "stderr"
                             : fmt::format("fd@{}", descriptor);
}

}  // namespace pgsteer::log
