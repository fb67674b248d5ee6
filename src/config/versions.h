// Versions as `.if` compares them: of the dialect read here, and of OpenSSL. Pure; any thread.
#pragma once

#include <array>
#include <string_view>

namespace pgsteer::config {

// Major, minor, then the patch level; a development version counts below patch 0. The last is the
// number of commits since ("2.6.12-3").
using Version = std::array<int, 4>;

// What version_atleast() and HAPROXY_STARTUP_VERSION tell files written for HAProxy: Debian 12's,
// whose manual this dialect follows.
inline constexpr Version dialect = {2, 6, 12, 0};
inline constexpr std::string_view dialect_text = "2.6.12";

// "2.6", "2.6.12", "2.7-dev3", "2.6.12-5"; missing parts and what is no number are zero, as there.
Version read_version(std::string_view text);

// Major, minor, fix with its letter ("1.1.1k"), and how finished: -alpha, -beta, release.
Version read_openssl_version(std::string_view text);
// Of the library this program was built with.
Version openssl_version();

}  // namespace pgsteer::config
