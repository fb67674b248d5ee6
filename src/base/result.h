// Errors as values: Result<T> holds a T or an Error whose text names the object and the way out.
// Used everywhere a failure is expected; exceptions never cross an event loop.
#pragma once

#include <boost/system/result.hpp>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pgsteer {

struct Error {
    std::string text;
};

// Boost calls this when value() is asked of a failed result: a programming error.
[[noreturn]] inline void throw_exception_from_error(const Error& error,
                                                    const boost::source_location&) {
    throw std::logic_error("value of a failed result: " + error.text);
}

template <class T>
using Result = boost::system::result<T, Error>;

// "WHAT: Connection refused" from an errno value.
inline Error system_error(std::string_view what, int error_number = errno) {
    return Error{std::string(what) + ": " + ::strerror(error_number)};
}

}  // namespace pgsteer
