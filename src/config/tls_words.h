// The options of TLS that `server`, `bind` and the defaults of the global section have in common:
// one row each, for whatever has Settings. Included by the keyword tables alone.
#pragma once

#include <array>

#include "config/check_steps.h"
#include "config/keywords.h"

namespace pgsteer::config {

inline tls::Settings& settings_of(tls::Settings& settings) {
    return settings;
}
inline tls::Settings& settings_of(Server& server) {
    return server.tls.settings.change();
}
inline tls::Settings& settings_of(Bind& bind) {
    return bind.tls.settings;
}

constexpr std::pair<std::string_view, tls::Version> tls_versions[] = {
    {"TLSv1.0", tls::Version::tls10},
    {"TLSv1.1", tls::Version::tls11},
    {"TLSv1.2", tls::Version::tls12},
    {"TLSv1.3", tls::Version::tls13},
};

template <class Target, auto field>
void set_tls_text(Line&, Target& target, const std::string& text) {
    settings_of(target).*field = text;
}
template <class Target, auto field, bool value>
void set_tls_flag(Line&, Target& target, const std::string&) {
    settings_of(target).*field = value;
}
template <class Target, auto field>
void set_tls_version(Line& line, Target& target, const std::string& text) {
    for (const auto& [name, version] : tls_versions)
        if (name == text) {
            settings_of(target).*field = version;
            return;
        }
    line.alert("'" + text + "' is not TLSv1.0, TLSv1.1, TLSv1.2 or TLSv1.3");
}
template <class Target, tls::Version version>
void force_tls_version(Line&, Target& target, const std::string&) {
    settings_of(target).lowest = settings_of(target).highest = version;
}
template <class Target, tls::Version version>
void forbid_tls_version(Line&, Target& target, const std::string&) {
    auto& off = settings_of(target).versions_off;
    off = static_cast<std::uint8_t>(off | 1U << static_cast<unsigned>(version));
}

constexpr std::string_view no_sslv3 = "OpenSSL has no SSLv3 any more";

// Of versions, tickets and sessions.
template <class Target>
constexpr std::array tls_version_options{
    OptionRow<Target>{"ssl-min-ver", 1, KeywordClass::honoured,
                      set_tls_version<Target, &tls::Settings::lowest>, "oldest version of TLS"},
    OptionRow<Target>{"ssl-max-ver", 1, KeywordClass::honoured,
                      set_tls_version<Target, &tls::Settings::highest>, "newest version of TLS"},
    OptionRow<Target>{"force-tlsv10", 0, KeywordClass::honoured,
                      force_tls_version<Target, tls::Version::tls10>, "TLS 1.0 alone"},
    OptionRow<Target>{"force-tlsv11", 0, KeywordClass::honoured,
                      force_tls_version<Target, tls::Version::tls11>, "TLS 1.1 alone"},
    OptionRow<Target>{"force-tlsv12", 0, KeywordClass::honoured,
                      force_tls_version<Target, tls::Version::tls12>, "TLS 1.2 alone"},
    OptionRow<Target>{"force-tlsv13", 0, KeywordClass::honoured,
                      force_tls_version<Target, tls::Version::tls13>, "TLS 1.3 alone"},
    OptionRow<Target>{"no-tlsv10", 0, KeywordClass::honoured,
                      forbid_tls_version<Target, tls::Version::tls10>, "not TLS 1.0"},
    OptionRow<Target>{"no-tlsv11", 0, KeywordClass::honoured,
                      forbid_tls_version<Target, tls::Version::tls11>, "not TLS 1.1"},
    OptionRow<Target>{"no-tlsv12", 0, KeywordClass::honoured,
                      forbid_tls_version<Target, tls::Version::tls12>, "not TLS 1.2"},
    OptionRow<Target>{"no-tlsv13", 0, KeywordClass::honoured,
                      forbid_tls_version<Target, tls::Version::tls13>, "not TLS 1.3"},
    OptionRow<Target>{"no-tls-tickets", 0, KeywordClass::honoured,
                      set_tls_flag<Target, &tls::Settings::tickets, false>,
                      "sessions are not resumed by tickets"},
    inert_option<Target>("no-sslv3", 0, no_sslv3),
    refused_option<Target>("force-sslv3", 0, no_sslv3, "use 'ssl-min-ver TLSv1.2'"),
};

// Of files, names and ciphers.
template <class Target>
constexpr std::array tls_file_options{
    OptionRow<Target>{"ca-file", 1, KeywordClass::honoured,
                      set_tls_text<Target, &tls::Settings::ca_file>,
                      "who signed the other side's certificate: a PEM file, or @system-ca"},
    OptionRow<Target>{"crl-file", 1, KeywordClass::honoured,
                      set_tls_text<Target, &tls::Settings::crl_file>,
                      "certificates that are not believed any more"},
    OptionRow<Target>{"ciphers", 1, KeywordClass::honoured,
                      set_tls_text<Target, &tls::Settings::ciphers>, "ciphers up to TLS 1.2"},
    OptionRow<Target>{"ciphersuites", 1, KeywordClass::honoured,
                      set_tls_text<Target, &tls::Settings::suites>, "ciphers of TLS 1.3"},
    OptionRow<Target>{"alpn", 1, KeywordClass::honoured,
                      [](Line& line, Target& target, const std::string& text) {
                          settings_of(target).alpn = read_alpn(line, text);
                      },
                      "protocols within TLS, separated by commas"},
};

}  // namespace pgsteer::config
