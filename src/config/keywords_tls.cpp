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

std::vector<OptionRow<Settings>> with_versions(std::span<const OptionRow<Settings>> own) {
    std::vector<OptionRow<Settings>> all(own.begin(), own.end());
    all.insert(all.end(), tls_version_options<Settings>.begin(),
               tls_version_options<Settings>.end());
    return all;
}

// The words, as on a line of its own.
template <auto side, const auto& own>
void options_line(Line& line, Words words) {
    static const auto all = with_versions(own);
    static const OptionIndex<Settings> index(all);
    if (words.empty()) return line.alert("needs an option");
    read_options(line, line.draft.global.tls.*side, words, index);
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
    {"ssl-default-server-options", in_global, honoured, options_line<servers, server_option>,
     "versions, tickets and reuse of all servers"},
    {"ssl-default-bind-ciphers", in_global, honoured, text<listeners, &Settings::ciphers>,
     "ciphers of listeners that name none, up to TLS 1.2"},
    {"ssl-default-bind-ciphersuites", in_global, honoured, text<listeners, &Settings::suites>,
     "likewise of TLS 1.3"},
    {"ssl-default-bind-curves", in_global, honoured, text<listeners, &Settings::curves>,
     "curves of listeners that name none"},
    {"ssl-default-bind-options", in_global, honoured, options_line<listeners, listener_options>,
     "versions, tickets, prefer-client-ciphers and strict-sni of all listeners"},
};

}  // namespace

std::span<const Row> tls_rows() {
    return rows;
}

}  // namespace pgsteer::config
