// Where a value was written, for every error and warning: FILE:LINE.
#pragma once

#include <memory>
#include <string>

namespace pgsteer::config {

struct Location {
    std::shared_ptr<const std::string> file;  // as the user named it
    unsigned line = 0;                        // 1 is the first; 0: not from a file

    // "FILE:LINE", or "built-in" when it is not from a file.
    std::string text() const {
        return file ? *file + ":" + std::to_string(line) : std::string("built-in");
    }
};

}  // namespace pgsteer::config
