// Lines of a `resolvers` section.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

Resolvers& section(Line& line) {
    return line.draft.resolvers.back();
}

void nameserver(Line& line, Words words) {
    if (!line.arguments(words, 2, 100)) return;
    if (words.size() > 2)
        line.used("nameserver ... " + words[2], KeywordClass::inert,
                  "each question has a connection of its own", "");
    Resolvers& resolvers = section(line);
    const auto same = std::find_if(resolvers.nameservers.begin(), resolvers.nameservers.end(),
                                   [&](const Nameserver& other) { return other.name == words[0]; });
    if (same != resolvers.nameservers.end())
        return line.alert("the name '" + words[0] + "' is taken at " + same->at.text());
    std::string text = expand_variables(words[1], line.environment);
    Nameserver server{words[0], {}, false, line.at};
    for (const std::string_view prefix : {"udp@", "udp4@", "udp6@"})
        if (text.starts_with(prefix)) text.erase(0, prefix.size());
    for (const std::string_view prefix : {"tcp@", "tcp4@", "tcp6@"})
        if (text.starts_with(prefix)) server.tcp = true;
    const auto endpoint = parse_endpoint(text);
    if (!endpoint) return line.alert(endpoint.error().text);
    if (endpoint->unix_socket) return line.alert("a name server has no unix socket");
    const auto address = Address::from_literal(endpoint->host, endpoint->port);
    if (!address)
        return line.alert("'" + words[1] + "' is no IP address: who resolves names needs one");
    if (number(endpoint->port) == 0)
        return line.alert("missing port specification in '" + words[1] + "'; write " + words[1] +
                          ":53");
    server.address = *address;
    resolvers.nameservers.push_back(std::move(server));
}

void hold(Line& line, Words words) {
    if (!line.arguments(words, 2, 2)) return;
    const auto value = line.time(words[1]);
    if (!value) return;
    if (words[0] == "valid")
        return line.used("hold valid", KeywordClass::inert,
                         "'timeout resolve' says how often servers' names are asked for, as in "
                         "HAProxy",
                         "");
    constexpr std::pair<std::string_view, milliseconds Resolvers::*> fields[] = {
        {"nx", &Resolvers::hold_nx},
        {"refused", &Resolvers::hold_refused},
        {"timeout", &Resolvers::hold_timeout},
        {"other", &Resolvers::hold_other},
        {"obsolete", &Resolvers::hold_obsolete},
    };
    for (const auto& [name, field] : fields)
        if (name == words[0]) {
            section(line).*field = *value;
            return;
        }
    line.alert("expects 'valid', 'nx', 'refused', 'timeout', 'other' or 'obsolete' but got '" +
               words[0] + "'");
}

template <auto field>
void time(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto value = line.time(words[0])) section(line).*field = *value;
}

template <auto field, std::uint32_t lowest, std::uint32_t highest>
void number_of(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto value = line.count(words[0], lowest, highest)) section(line).*field = *value;
}

void parse_resolv_conf(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) section(line).system_file = true;
}

constexpr Row rows[] = {
    {"nameserver", in_resolvers, honoured, nameserver,
     "NAME [udp@ or tcp@]ADDRESS:PORT: who is asked; all of them at once"},
    {"parse-resolv-conf", in_resolvers, honoured, parse_resolv_conf,
     "those of /etc/resolv.conf, too"},
    {"hold", in_resolvers, honoured, hold,
     "nx, refused, timeout, other: how old the last valid answer may be when one ends so; "
     "obsolete: how long stays what newer answers leave out"},
    {"timeout resolve", in_resolvers, honoured, time<&Resolvers::resolve>,
     "time between two resolutions of a name; 1s"},
    {"timeout retry", in_resolvers, honoured, time<&Resolvers::retry>,
     "how long an answer is waited for; 1s"},
    {"resolve_retries", in_resolvers, honoured, number_of<&Resolvers::tries, 0, 1000>,
     "questions until it is an error; 3"},
    {"accepted_payload_size", in_resolvers, honoured, number_of<&Resolvers::payload, 12, 65535>,
     "bytes of an answer over UDP at most; 512"},
    refused_row("resolution_pool_size", in_resolvers, "it never was in a release", "remove it"),
};

}  // namespace

std::span<const Row> resolvers_rows() {
    return rows;
}

}  // namespace pgsteer::config
