#include "config/versions.h"

#include <openssl/opensslv.h>

#include <charconv>

namespace pgsteer::config {
namespace {

constexpr int released = 1'000;
constexpr int before_release = -1'000;  // added to the number of a development version

int leading_number(std::string_view& text) {
    int value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return failed == std::errc{} ? value : 0;
}

bool take(std::string_view& text, std::string_view start) {
    if (!text.starts_with(start)) return false;
    text.remove_prefix(start.size());
    return true;
}

}  // namespace

Version read_version(std::string_view text) {
    Version version = {};
    version[0] = leading_number(text);
    if (take(text, ".")) version[1] = leading_number(text);
    if (take(text, "."))
        version[2] = leading_number(text);
    else if (take(text, "-dev") || take(text, "-pre") || take(text, "-rc"))
        version[2] = before_release + leading_number(text);
    if (take(text, "-")) version[3] = leading_number(text);
    return version;
}

Version read_openssl_version(std::string_view text) {
    constexpr int letters = 32;  // "1.1.1k": fixes within a fix
    Version version = {0, 0, 0, released};
    version[0] = leading_number(text);
    if (take(text, ".")) version[1] = leading_number(text);
    if (take(text, ".")) version[2] = leading_number(text) * letters;
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        version[2] += text[0] - 'a' + 1;
        text.remove_prefix(1);
    }
    if (take(text, "-dev"))
        version[3] = 0;
    else if (take(text, "-alpha"))
        version[3] = 100 + leading_number(text);
    else if (take(text, "-beta") || take(text, "-pre"))
        version[3] = 200 + leading_number(text);
    return version;
}

Version openssl_version() {
    return read_openssl_version(OPENSSL_VERSION_STR);
}

}  // namespace pgsteer::config
