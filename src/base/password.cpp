#include "base/password.h"

#include <crypt.h>

#include <memory>

namespace pgsteer {

bool same_secret(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |=
            static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                  static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]));
    return difference == 0;
}

bool is_password_of(const std::string& hash, const std::string& given) {
    const auto data = std::make_unique<crypt_data>();
    const char* const made = ::crypt_r(given.c_str(), hash.c_str(), data.get());
    // "*0" and "*1" are crypt's words for a failure.
    return made != nullptr && made[0] != '*' && same_secret(made, hash);
}

}  // namespace pgsteer
