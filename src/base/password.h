// Whether a password is the one that is known: in a time that does not tell how much of it was
// right. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace pgsteer {

// Takes the same time whether the first or the last byte differs.
bool same_secret(std::string_view a, std::string_view b);

// `hash` is of crypt(3), any of its methods. Slow on purpose (milliseconds): bound how often.
bool is_password_of(const std::string& hash, const std::string& given);

}  // namespace pgsteer
