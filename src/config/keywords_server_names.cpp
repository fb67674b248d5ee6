// Options of `server` about how its name becomes addresses.
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;

// Calls take(word) for each word between commas.
template <class Take>
void each_part(std::string_view text, Take take) {
    for (;;) {
        const auto part = text.substr(0, text.find(','));
        take(std::string(part));
        if (part.size() == text.size()) return;
        text.remove_prefix(part.size() + 1);
    }
}

void resolvers(Line&, Server& server, Text text) {
    server.naming.resolvers = text;
}

void resolve_prefer(Line& line, Server& server, Text text) {
    if (text != "ipv4" && text != "ipv6")
        return line.alert("expects 'ipv4' or 'ipv6' but got '" + text + "'");
    server.naming.prefer_ipv4 = text == "ipv4";
}

void resolve_net(Line& line, Server& server, Text text) {
    server.naming.networks.clear();
    each_part(text, [&](const std::string& part) {
        if (const auto network = Network::parse(part))
            server.naming.networks.push_back(*network);
        else
            line.alert("'" + part + "' is no network; write 10.0.0.0/8");
    });
}

void resolve_opts(Line& line, Server& server, Text text) {
    each_part(text, [&](const std::string& part) {
        if (part == "allow-dup-ip")
            server.naming.repeat_addresses = true;
        else if (part == "prevent-dup-ip")
            server.naming.repeat_addresses = false;
        else if (part == "ignore-weight")
            server.naming.ignore_weight = true;
        else
            line.alert("unknown option '" + part +
                       "'; use allow-dup-ip, prevent-dup-ip or ignore-weight");
    });
}

void init_addr(Line& line, Server& server, Text text) {
    using Method = InitAddress::Method;
    server.naming.init.clear();
    each_part(text, [&](const std::string& part) {
        const auto literal = Address::from_literal(part, Port{0});
        if (part == "last")
            server.naming.init.push_back({Method::last});
        else if (part == "libc")
            server.naming.init.push_back({Method::libc});
        else if (part == "none")
            server.naming.init.push_back({Method::none});
        else if (literal)
            server.naming.init.push_back({Method::fixed, *literal});
        else
            line.alert("unknown method '" + part + "'; use last, libc, none or an IP address");
    });
}

constexpr OptionRow<Server> options[] = {
    {"resolvers", 1, honoured, resolvers,
     "whose name servers say, again and again, what its name stands for"},
    {"resolve-prefer", 1, honoured, resolve_prefer, "ipv4 or ipv6: the family asked for first"},
    {"resolve-net", 1, honoured, resolve_net, "NETWORK,...: addresses in them come first"},
    {"resolve-opts", 1, honoured, resolve_opts, "allow-dup-ip, prevent-dup-ip, ignore-weight"},
    {"init-addr", 1, honoured, init_addr,
     "at start, the first that gives an address: last (of the state file), libc, an IP address; "
     "none: start without"},
};

}  // namespace

std::span<const OptionRow<Server>> server_name_options() {
    return options;
}

}  // namespace pgsteer::config
