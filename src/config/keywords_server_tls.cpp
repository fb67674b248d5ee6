// Options of `server` about TLS: of its sessions, and of its checks, which use the same files.
#include "config/tls_words.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;
using tls::Settings;

void verify(Line& line, Server& server, Text text) {
    if (text != "none" && text != "required")
        return line.alert("expects 'none' or 'required' but got '" + text + "'");
    settings_of(server).verify = text == "none" ? tls::Verify::none : tls::Verify::required;
}

void certificate(Line&, Server& server, Text text) {
    settings_of(server).certificates = {text};
}

void check_alpn(Line& line, Server& server, Text text) {
    server.check_tls.alpn = read_alpn(line, text);
}

template <bool value>
void ssl(Line&, Server& server, Text) {
    server.tls.on = value;
}

template <bool value>
void check_ssl(Line&, Server& server, Text) {
    server.check_tls.enabled = value;
    server.check_tls.never = !value;
}

constexpr OptionRow<Server> own_options[] = {
    {"ssl", 0, honoured, ssl<true>,
     "sessions speak TLS to the server from the first byte on, as a TLS terminator or PostgreSQL "
     "17 "
     "with sslnegotiation=direct expects; checks too, unless port or addr is given"},
    {"no-ssl", 0, honoured, ssl<false>, "undo ssl"},
    {"verify", 1, honoured, verify, "none or required: the server's certificate"},
    {"verifyhost", 1, honoured, set_tls_text<Server, &Settings::verify_host>,
     "the name it must have where no 'sni' is asked for"},
    {"no-verifyhost", 0, honoured,
     [](Line&, Server& server, Text) { settings_of(server).verify_host.clear(); },
     "undo verifyhost"},
    {"crt", 1, honoured, certificate, "a certificate of our own to show: a PEM file with its key"},
    {"sni", 1, honoured, [](Line&, Server& server, Text text) { server.tls.sni_text = text; },
     "the name to ask for, which its certificate must have: str(NAME) or another fetch of a text "
     "or "
     "an address"},
    {"curves", 1, honoured, set_tls_text<Server, &Settings::curves>, "curves of the key exchange"},
    {"ssl-reuse", 0, honoured, set_tls_flag<Server, &Settings::reuse, true>, "undo no-ssl-reuse"},
    {"no-ssl-reuse", 0, honoured, set_tls_flag<Server, &Settings::reuse, false>,
     "each handshake is a whole one"},
    {"tls-tickets", 0, honoured, set_tls_flag<Server, &Settings::tickets, true>,
     "undo no-tls-tickets"},
    {"check-ssl", 0, honoured, check_ssl<true>, "check over TLS"},
    {"no-check-ssl", 0, honoured, check_ssl<false>, "check in clear, also where 'ssl' is given"},
    {"check-sni", 1, honoured,
     [](Line&, Server& server, Text text) { server.check_tls.sni = text; },
     "the name asked for, in checks"},
    {"check-alpn", 1, honoured, check_alpn, "the protocols offered, in checks"},
    inert_option<Server>("npn", 1, "OpenSSL has no NPN any more; use 'alpn'"),
    inert_option<Server>("allow-0rtt", 0, "no bytes are sent before the handshake is over"),
};

}  // namespace

std::span<const OptionRow<Server>> server_tls_options() {
    static const std::vector<OptionRow<Server>> all = [] {
        std::vector<OptionRow<Server>> joined(std::begin(own_options), std::end(own_options));
        joined.insert(joined.end(), tls_file_options<Server>.begin(),
                      tls_file_options<Server>.end());
        joined.insert(joined.end(), tls_version_options<Server>.begin(),
                      tls_version_options<Server>.end());
        return joined;
    }();
    return all;
}

}  // namespace pgsteer::config
