// Bytes as digits of base 16, capital ones as HAProxy's. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace pgsteer {

inline std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

}  // namespace pgsteer
