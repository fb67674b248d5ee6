// Converters: HAProxy's functions behind a fetch ("src,ipmask(24)"). All are known, none is
// applied: a condition compares the fetch itself. Source: HAProxy configuration manual 7.3.1, and
// that of 3.2. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace pgsteer::config {

std::vector<std::string_view> converter_names();
bool is_converter(std::string_view name);

}  // namespace pgsteer::config
