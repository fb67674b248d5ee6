// PostgreSQL's ErrorResponse as bytes, for clients that get no server. Pure.
// Source: PostgreSQL 15 manual, 55.7 ErrorResponse and 55.8 "Error and Notice Message Fields".
#pragma once

#include <string>
#include <string_view>

namespace pgsteer::pgwire {

struct ErrorFields {
    std::string_view sqlstate;  // five characters, appendix A of the manual
    std::string_view message;
    std::string_view hint;  // may be empty
};

// Severity FATAL: the session ends after it.
std::string fatal_error(const ErrorFields& fields);

}  // namespace pgsteer::pgwire
