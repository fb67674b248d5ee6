// Keywords of the global section about TLS: where files are, and what holds for all servers and
// listeners that do not say it themselves.
#include "config/tls_words.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using tls::Settings;

void ssl_server_verify(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (words[0] != "none" && words[0] != "required")
        return line.alert("expects 'none' or 'required' but got '" + words[0] + "'");
    line.draft.global.verify_servers = words[0] == "required";
}

template <auto folder>
void base(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) line.draft.global.*folder = words[0];
}

template <auto side, auto field>
void text(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) (line.draft.global.tls.*side).*field = words[0];
}

constexpr OptionRow<Settings> listener_options[] = {
    {"prefer-client-ciphers", 0, honoured, set_tls_flag<Settings, &Settings::client_order, true>,
     ""},
    {"strict-sni", 0, honoured, set_tls_flag<Settings, &Settings::known_names_only, true>, ""},
};
constexpr OptionRow<Settings> server_option[] = {
    {"no-ssl-reuse", 0, honoured, set_tls_flag<Settings, &Settings::reuse, false>, ""},
};

// The words, as on a line of its own.
void read_defaults(Line& line, Settings& settings, Words words,
                   std::span<const OptionRow<Settings>> own) {
    if (words.empty()) return line.alert("needs an option");
    std::vector<OptionRow<Settings>> rows(own.begin(), own.end());
    rows.insert(rows.end(), tls_version_options<Settings>.begin(),
                tls_version_options<Settings>.end());
    read_options<Settings>(line, settings, words, rows);
}

void bind_options_line(Line& line, Words words) {
    read_defaults(line, line.draft.global.tls.listeners, words, listener_options);
}
void server_options_line(Line& line, Words words) {
    read_defaults(line, line.draft.global.tls.servers, words, server_option);
}

constexpr auto servers = &tls::Defaults::servers;
constexpr auto listeners = &tls::Defaults::listeners;

constexpr Row rows[] = {
    {"ssl-server-verify", in_global, honoured, ssl_server_verify,
     "none or required: servers' certificates"},
    {"ca-base", in_global, honoured, base<&Global::ca_base>,
     "folder of relative ca-files and crl-files"},
    {"crt-base", in_global, honoured, base<&Global::crt_base>, "folder of relative certificates"},
    {"ssl-default-server-ciphers", in_global, honoured, text<servers, &Settings::ciphers>,
     "ciphers of servers that name none, up to TLS 1.2"},
    {"ssl-default-server-ciphersuites", in_global, honoured, text<servers, &Settings::suites>,
     "likewise of TLS 1.3"},
    {"ssl-default-server-options", in_global, honoured, server_options_line,
     "versions, tickets and reuse of all servers"},
    {"ssl-default-bind-ciphers", in_global, honoured, text<listeners, &Settings::ciphers>,
     "ciphers of listeners that name none, up to TLS 1.2"},
    {"ssl-default-bind-ciphersuites", in_global, honoured, text<listeners, &Settings::suites>,
     "likewise of TLS 1.3"},
    {"ssl-default-bind-curves", in_global, honoured, text<listeners, &Settings::curves>,
     "curves of listeners that name none"},
    {"ssl-default-bind-options", in_global, honoured, bind_options_line,
     "versions, tickets, prefer-client-ciphers and strict-sni of all listeners"},
};

}  // namespace

std::span<const Row> tls_rows() {
    return rows;
}

}  // namespace pgsteer::config
