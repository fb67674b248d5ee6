#include "base/machine_name.h"

#include <unistd.h>

#include <array>

namespace pgsteer {

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

}  // namespace pgsteer
