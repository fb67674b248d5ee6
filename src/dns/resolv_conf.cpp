#include "dns/resolv_conf.h"

namespace pgsteer::dns {
namespace {

constexpr Port dns_port{53};
constexpr std::string_view blanks = " \t\r";

std::string_view next_word(std::string_view& line) {
    const auto start = line.find_first_not_of(blanks);
    if (start == std::string_view::npos) return {};
    line.remove_prefix(start);
    const auto word = line.substr(0, line.find_first_of(blanks));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

std::vector<config::Nameserver> read_resolv_conf(std::string_view text) {
    std::vector<config::Nameserver> found;
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (next_word(line) != "nameserver") continue;
        const std::string_view ip = next_word(line);
        // As HAProxy, which names them by their address.
        if (const auto address = Address::from_literal(ip, dns_port))
            found.push_back({std::string(ip), *address, false, {}});
    }
    return found;
}

}  // namespace pgsteer::dns
