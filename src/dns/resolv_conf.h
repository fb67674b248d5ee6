// The system's resolv.conf(5): its name servers alone, as `parse-resolv-conf` wants them. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "config/resolvers.h"

namespace pgsteer::dns {

std::vector<config::Nameserver> read_resolv_conf(std::string_view text);

}  // namespace pgsteer::dns
