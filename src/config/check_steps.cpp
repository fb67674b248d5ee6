#include "config/check_steps.h"

#include "config/check_format.h"

namespace pgsteer::config {
namespace {

bool unknown(Line& line, const std::string& word, const std::vector<std::string_view>& known) {
    line.alert("unknown word '" + word + "'" + did_you_mean(word, known));
    return false;
}

bool set_port(Line& line, const std::string& text, ConnectStep& step) {
    const auto value = line.count(text, 1, 65535);
    if (value) step.port = Port{static_cast<std::uint16_t>(*value)};
    return value.has_value();
}

bool set_address(Line& line, const std::string& text, ConnectStep& step) {
    const auto endpoint = parse_endpoint(expand_variables(text, line.environment));
    if (!endpoint) {
        line.alert(endpoint.error().text);
        return false;
    }
    if (endpoint->unix_socket) {
        line.alert("must be a host or an IP address");
        return false;
    }
    step.address = endpoint->host;
    if (number(endpoint->port) != 0 && !step.port) step.port = endpoint->port;
    return true;
}

bool set_protocol(Line& line, const std::string& text, CheckProtocol protocol) {
    if (text == (protocol == CheckProtocol::http ? "h1" : "none")) return true;
    line.alert(protocol == CheckProtocol::http ? "'proto " + text + "': only h1 is spoken"
                                               : "'proto " + text + "': only none is known");
    return false;
}

// A word that stands alone; false when it is another.
bool set_flag(const std::string& word, ConnectStep& step) {
    if (word == "default")
        step.as_server = true;
    else if (word == "ssl")
        step.tls = true;
    else if (word == "send-proxy")
        step.send_proxy = true;
    else
        return word == "linger";  // checks always close in order
    return true;
}

bool set_value(Line& line, const std::string& word, const std::string& value,
               CheckProtocol protocol, ConnectStep& step) {
    if (word == "port") return set_port(line, value, step);
    if (word == "addr") return set_address(line, value, step);
    if (word == "proto") return set_protocol(line, value, protocol);
    if (word == "sni") step.sni = value;
    if (word == "alpn") step.alpn = read_alpn(line, value);
    if (word == "comment") step.note.comment = value;
    if (word == "sni" || word == "alpn" || word == "comment") return true;
    return unknown(line, word,
                   {"default", "port", "addr", "ssl", "sni", "alpn", "proto", "send-proxy",
                    "linger", "comment"});
}

bool set_format(Line& line, const std::string& text, Format& format) {
    auto read = read_format(line, text);
    if (!read) return false;
    format = std::move(*read);
    return true;
}

bool set_part(Line& line, const std::string& name, const std::string& value,
              HttpSendStep& request) {
    if (name == "meth")
        request.method = value;
    else if (name == "uri")
        request.uri = plain(value);
    else if (name == "ver")
        request.version = value.starts_with("HTTP/") ? value : "HTTP/" + value;
    else if (name == "body")
        request.body = plain(value);
    else if (name == "uri-lf")
        return set_format(line, value, request.uri);
    else if (name == "body-lf")
        return set_format(line, value, request.body);
    else if (name == "comment")
        request.note.comment = value;
    else
        return unknown(line, name,
                       {"meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf", "comment"});
    return true;
}

}  // namespace

std::vector<std::string> read_alpn(Line& line, const std::string& text) {
    constexpr std::size_t longest = 255;  // RFC 7301 3.1: one byte of length
    std::vector<std::string> names;
    std::string_view rest = text;
    while (true) {
        const auto name = rest.substr(0, rest.find(','));
        if (name.empty() || name.size() > longest)
            line.alert("'" + text + "' is no list of protocols; write http/1.1");
        names.emplace_back(name);
        if (name.size() == rest.size()) return names;
        rest.remove_prefix(name.size() + 1);
    }
}

std::optional<ConnectStep> read_connect(Line& line, Words words, CheckProtocol protocol) {
    ConnectStep step;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "via-socks4") {
            line.alert("'via-socks4' is not supported: there is no SOCKS proxy; remove it");
            return std::nullopt;
        }
        if (set_flag(words[i], step)) continue;
        if (i + 1 >= words.size()) {
            line.alert("'" + words[i] + "' is unknown or needs a value");
            return std::nullopt;
        }
        if (!set_value(line, words[i], words[i + 1], protocol, step)) return std::nullopt;
        ++i;
    }
    return step;
}

std::optional<SendStep> read_send(Line& line, std::string_view kind, Words words) {
    if (words.size() != 1 && (words.size() != 3 || words[1] != "comment")) {
        line.alert("takes what is to be sent, and 'comment TEXT'");
        return std::nullopt;
    }
    SendStep step;
    if (words.size() == 3) step.note.comment = words[2];
    step.hexadecimal = kind.starts_with("send-binary");
    if (!kind.ends_with("-lf"))
        step.bytes = plain(words[0]);
    else if (!set_format(line, words[0], step.bytes))
        return std::nullopt;
    const auto text = constant(step.bytes);
    if (!step.hexadecimal || !text) return step;
    const auto bytes = from_hexadecimal(*text);
    if (!bytes) {
        line.alert("'" + *text + "' is not hexadecimal");
        return std::nullopt;
    }
    step.bytes = plain(*bytes);
    step.hexadecimal = false;
    return step;
}

// `hdr` takes two words, every other word one.
bool read_http_send(Line& line, Words words, HttpSendStep& request) {
    std::vector<Header> headers;
    for (std::size_t i = 0; i < words.size();) {
        const std::string& name = words[i];
        const std::size_t values = name == "hdr" ? 2 : 1;
        if (i + values >= words.size()) {
            line.alert("'" + name + "' needs a value");
            return false;
        }
        Header header{words[i + 1], {}};
        if (name != "hdr") {
            if (!set_part(line, name, words[i + 1], request)) return false;
        } else {
            if (!set_format(line, words[i + 2], header.value)) return false;
            headers.push_back(std::move(header));
        }
        i += 1 + values;
    }
    if (!headers.empty()) request.headers = std::move(headers);
    return true;
}

}  // namespace pgsteer::config
