// Options of `server` about its connections: where they come from, and how they introduce the
// client; and `source` of a section, which holds for all its servers.
#include <unistd.h>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;

constexpr std::string_view no_impersonation = "a session comes from pgsteer's own address";
constexpr std::string_view announce = "'send-proxy' tells the server who the client is";

template <bool Announcement::*... bits>
void set(Line&, Server& server, Text) {
    ((server.announcement.*bits = true), ...);
}
template <bool Announcement::*... bits>
void unset(Line&, Server& server, Text) {
    ((server.announcement.*bits = false), ...);
}

void proxy_options(Line& line, Server& server, Text text) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        if (word == "crc32c")
            server.announcement.checksum = true;
        else if (word == "ssl" || word == "ssl-cipher" || word == "cert-cn" || word == "cert-key" ||
                 word == "cert-sig")
            server.announcement.tls = true;
        else if (word != "authority")  // the name that a client of TLS asks for
            line.alert("'" + std::string(word) +
                       "' is not supported; use crc32c, ssl, ssl-cipher, cert-cn, cert-key, "
                       "cert-sig or authority");
    }
}

std::optional<Port> port_of(std::string_view text) {
    const auto value = parse_integer(text, 1, 65535);
    if (!value) return std::nullopt;
    return Port{static_cast<std::uint16_t>(*value)};
}

// ADDR, ADDR:PORT or ADDR:PORT-PORT; says itself what is wrong.
bool read_source(Line& line, Origin& origin, Text written) {
    const std::string text = expand_variables(written, line.environment);
    const auto bracket = text.rfind(']');
    const auto colon = text.find(':', bracket == std::string::npos ? 0 : bracket);
    // A bare IPv6 address has no port here: which of its colons would it be?
    const bool bare = bracket == std::string::npos && colon != std::string::npos &&
                      text.find(':', colon + 1) != std::string::npos;
    const bool has_port = colon != std::string::npos && !bare;
    const std::string host = text.substr(0, has_port ? colon : std::string::npos);
    const auto address = host.empty() || host == "*" ? Address::any_ipv4(Port{0})
                                                     : Address::from_literal(host, Port{0});
    if (!address) {
        line.alert("'" + host + "' is not an IP address; a source is not looked up");
        return false;
    }
    origin.address = *address;
    origin.first = origin.last = Port{0};
    if (!has_port) return true;
    const std::string ports = text.substr(colon + 1);
    const auto dash = ports.find('-');
    const auto first = port_of(std::string_view(ports).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : port_of(std::string_view(ports).substr(dash + 1));
    if (!first || !last || *last < *first) {
        line.alert("'" + ports + "' is not PORT or PORT-PORT");
        return false;
    }
    origin.first = *first;
    origin.last = *last;
    return true;
}

void set_source(Line& line, Server& server, Text text) {
    read_source(line, server.origin, text);
}

// The kernel's IFNAMSIZ.
constexpr std::size_t longest_interface = 15;
void read_interface(Line& line, Origin& origin, Text text) {
    if (!origin.address.is_ip()) return line.alert("stands after 'source ADDRESS' only");
    if (text.empty() || text.size() > longest_interface)
        return line.alert("'" + text + "' is no interface's name");
    origin.interface = text;
}

void set_interface(Line& line, Server& server, Text text) {
    read_interface(line, server.origin, text);
}

void set_network(Line& line, Server& server, Text text) {
    if (text == "*") return line.alert("'*' is not supported: name the namespace");
    if (text.empty() || text == "." || text == ".." || text.size() > 255 ||
        text.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
        return line.alert("'" + text + "' is no namespace's name");
    if (::access(network_path(text).c_str(), F_OK) != 0)
        return line.alert("there is no network namespace " + network_path(text));
    server.origin.network = text;
}

constexpr auto text_form = &Announcement::text;
constexpr auto binary = &Announcement::binary;
constexpr auto tls = &Announcement::tls;

constexpr OptionRow<Server> options[] = {
    {"send-proxy", 0, honoured, set<text_form>,
     "a session begins with a PROXY header, version 1; checks too, unless port or addr is given"},
    {"no-send-proxy", 0, honoured, unset<text_form>, "undo send-proxy"},
    {"send-proxy-v2", 0, honoured, set<binary>, "the same, version 2"},
    {"no-send-proxy-v2", 0, honoured, unset<binary>, "undo send-proxy-v2"},
    {"send-proxy-v2-ssl", 0, honoured, set<binary, tls>,
     "the same, saying that the client spoke no TLS to us"},
    {"no-send-proxy-v2-ssl", 0, honoured, unset<binary, tls>, "undo send-proxy-v2-ssl"},
    {"send-proxy-v2-ssl-cn", 0, honoured, set<binary, tls>, "as send-proxy-v2-ssl"},
    {"no-send-proxy-v2-ssl-cn", 0, honoured, unset<binary, tls>, "undo send-proxy-v2-ssl-cn"},
    {"proxy-v2-options", 1, honoured, proxy_options,
     "what version 2 says beside: crc32c; ssl, ssl-cipher, cert-cn, cert-key, cert-sig: that there "
     "is no TLS; authority: nothing"},
    {"source", 1, honoured, set_source,
     "ADDR, ADDR:PORT or ADDR:PORT-PORT: where its sessions and checks come from"},
    {"interface", 1, honoured, set_interface, "after source: over which interface they go"},
    {"namespace", 1, honoured, set_network, "the network namespace they are made in"},
    refused_option<Server>("usesrc", 1, no_impersonation, announce),
};

}  // namespace

void source_line(Line& line, Words words) {
    if (words.empty()) return line.alert("needs ADDRESS, ADDRESS:PORT or ADDRESS:PORT-PORT");
    Origin origin;
    if (!read_source(line, origin, words[0])) return;
    if (words.size() >= 2 && words[1] == "usesrc")
        return refuse(line, "usesrc", no_impersonation, announce);
    if (words.size() == 3 && words[1] == "interface")
        read_interface(line, origin, words[2]);
    else if (words.size() > 1)
        return line.alert("'" + words[1] + "' is not understood; write 'interface NAME'");
    line.proxy->back.origin = origin;
}

std::span<const OptionRow<Server>> server_wire_options() {
    return options;
}

}  // namespace pgsteer::config
