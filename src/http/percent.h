// Percent-encoding of one value in a query (RFC 3986, 2.1). Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgsteer::http {

// All but letters, digits and - . _ ~ /
std::string percent_encode(std::string_view text);
// What is no escape stays as it is.
std::string percent_decode(std::string_view text);

}  // namespace pgsteer::http
