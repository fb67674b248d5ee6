#include "probe/conninfo.h"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "base/address.h"

namespace pgsteer::probe {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&::PQconninfoFree)>;

std::string value_of(const PQconninfoOption* list, std::string_view keyword) {
    for (const PQconninfoOption* option = list; option != nullptr && option->keyword; ++option)
        if (keyword == option->keyword && option->val != nullptr) return option->val;
    return {};
}

std::string without_newline(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
        text.pop_back();
    return text;
}

}  // namespace

Result<Conninfo> read_conninfo(const std::string& text) {
    char* message = nullptr;
    const Options written(::PQconninfoParse(text.c_str(), &message), &::PQconninfoFree);
    const std::unique_ptr<char, decltype(&::PQfreemem)> owner(message, &::PQfreemem);
    if (!written)
        return Error{"connection string: " +
                     without_newline(message != nullptr ? message : "out of memory")};
    const Options defaults(::PQconndefaults(), &::PQconninfoFree);
    const auto find = [&](std::string_view keyword) {
        std::string value = value_of(written.get(), keyword);
        return value.empty() ? value_of(defaults.get(), keyword) : value;
    };
    Conninfo conninfo;
    conninfo.text = text;
    conninfo.host = find("host");
    conninfo.hostaddr = find("hostaddr");
    conninfo.options = find("options");
    conninfo.has_password = !value_of(written.get(), "password").empty() ||
                            !value_of(written.get(), "sslpassword").empty();
    return conninfo;
}

bool needs_resolving(const Conninfo& conninfo) {
    const std::string& host = conninfo.host;
    if (host.empty() || !conninfo.hostaddr.empty()) return false;
    if (host.front() == '/' || host.front() == '@') return false;
    if (host.find(',') != std::string::npos) return false;
    return !Address::from_literal(host, Port{0});
}

}  // namespace pgsteer::probe
