#include "pgwire/error_response.h"

#include <cstdint>

namespace pgsteer::pgwire {
namespace {

void add_field(std::string& body, char type, std::string_view text) {
    body += type;
    body += text;
    body += '\0';
}

}  // namespace

std::string fatal_error(const ErrorFields& fields) {
    std::string body;
    add_field(body, 'S', "FATAL");
    add_field(body, 'V', "FATAL");
    add_field(body, 'C', fields.sqlstate);
    add_field(body, 'M', fields.message);
    if (!fields.hint.empty()) add_field(body, 'H', fields.hint);
    body += '\0';
    const auto length = static_cast<std::uint32_t>(body.size() + 4);
    std::string packet = "E";
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        packet += static_cast<char>(length >> shift & 0xFF);
    return packet + body;
}

}  // namespace pgsteer::pgwire
