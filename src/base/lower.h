// ASCII letters made small: names of hosts, headers and words of protocols. Any thread.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace pgsteer {

inline std::string lower(std::string_view text) {
    std::string made(text);
    std::transform(made.begin(), made.end(), made.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return made;
}

}  // namespace pgsteer
