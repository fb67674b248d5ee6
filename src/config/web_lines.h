// WebLine: a line of a section that means something to HTTP alone; told when the section's mode is
// known. Within config/.
#pragma once

#include <cstdint>
#include <string_view>

#include "config/location.h"

namespace pgsteer::config {

struct WebLine {
    // What HAProxy says of it in mode tcp; refused: in mode http it would be lost here.
    enum class Kind : std::uint8_t { rules, refused_rules, option, word, refused_word, balance };
    std::string_view keyword;  // of its row
    Kind kind{};
    unsigned where = 0;  // sections it is about: `defaults` hands it to all
    Location at;
};

}  // namespace pgsteer::config
