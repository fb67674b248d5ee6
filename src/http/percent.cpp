#include "http/percent.h"

#include <charconv>

namespace pgsteer::http {
namespace {

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~/").find(c) != std::string_view::npos;
}

}  // namespace

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_plain(c)) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const first = text.data() + i + 1;
        if (text[i] != '%' || i + 2 >= text.size() ||
            std::from_chars(first, first + 2, value, 16).ptr != first + 2) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

}  // namespace pgsteer::http
