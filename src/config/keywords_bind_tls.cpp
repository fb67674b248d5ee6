// Options of `bind` about TLS: of clients, and of who reads the stats page.
#include "config/tls_words.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;
using Text = const std::string&;
using tls::Settings;

constexpr std::string_view no_making = "no certificates are made";
constexpr std::string_view all_errors = "any mistake in a certificate ends the handshake";

void verify(Line& line, Bind& bind, Text text) {
    constexpr std::pair<std::string_view, tls::Verify> words[] = {
        {"none", tls::Verify::none},
        {"optional", tls::Verify::optional},
        {"required", tls::Verify::required},
    };
    for (const auto& [word, value] : words)
        if (word == text) {
            bind.tls.settings.verify = value;
            return;
        }
    line.alert("expects 'none', 'optional' or 'required' but got '" + text + "'");
}

constexpr OptionRow<Bind> own_options[] = {
    {"ssl", 0, honoured, [](Line&, Bind& bind, Text) { bind.tls.on = true; },
     "clients speak TLS to pgsteer from the first byte on, as libpq 17 does with "
     "sslnegotiation=direct; on a stats page, as browsers do"},
    {"crt", 1, honoured,
     [](Line&, Bind& bind, Text text) { bind.tls.settings.certificates.push_back(text); },
     "certificate, chain and key: a PEM file, or a folder of them, chosen by the name that is "
     "asked "
     "for"},
    {"verify", 1, honoured, verify, "none, optional or required: the client's certificate"},
    {"curves", 1, honoured, set_tls_text<Bind, &Settings::curves>, "curves of the key exchange"},
    {"ecdhe", 1, honoured, set_tls_text<Bind, &Settings::curves>, "likewise"},
    {"prefer-client-ciphers", 0, honoured, set_tls_flag<Bind, &Settings::client_order, true>,
     "the client's order of ciphers counts"},
    {"strict-sni", 0, honoured, set_tls_flag<Bind, &Settings::known_names_only, true>,
     "a name that no certificate has ends the handshake"},
    inert_option<Bind>("npn", 1, "OpenSSL has no NPN any more; use 'alpn'"),
    inert_option<Bind>("allow-0rtt", 0, "no bytes are taken before the handshake is over"),
    inert_option<Bind>("no-ca-names", 0, "names of authorities harm nobody"),
    inert_option<Bind>("tls-ticket-keys", 1, "tickets of another process are not resumed"),
    refused_option<Bind>("ca-verify-file", 1, "one file says who is believed", "use 'ca-file'"),
    refused_option<Bind>("ca-ignore-err", 1, all_errors, "remove it"),
    refused_option<Bind>("crt-ignore-err", 1, all_errors, "remove it"),
    refused_option<Bind>("crt-list", 1, "lists of certificates are not read",
                         "use 'crt' with a folder"),
    refused_option<Bind>("generate-certificates", 0, no_making, "use 'crt'"),
    refused_option<Bind>("ca-sign-file", 1, no_making, "use 'crt'"),
    refused_option<Bind>("ca-sign-pass", 1, no_making, "use 'crt'"),
};

}  // namespace

std::span<const OptionRow<Bind>> bind_tls_options() {
    static const std::vector<OptionRow<Bind>> all = [] {
        std::vector<OptionRow<Bind>> joined(std::begin(own_options), std::end(own_options));
        joined.insert(joined.end(), tls_file_options<Bind>.begin(), tls_file_options<Bind>.end());
        joined.insert(joined.end(), tls_version_options<Bind>.begin(),
                      tls_version_options<Bind>.end());
        return joined;
    }();
    return all;
}

}  // namespace pgsteer::config
