// Settings: how TLS is spoken, as the configuration says it; contexts are made from them. Values;
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgsteer::tls {

// In their order; none: as OpenSSL's own configuration says.
enum class Version : std::uint8_t { none, tls10, tls11, tls12, tls13 };

enum class Verify : std::uint8_t { none, optional, required };

struct Settings {
    // PEM files with certificate, chain and key; of a listener also folders of them.
    std::vector<std::string> certificates;
    std::string ca_file;      // PEM; "@system-ca": those of the system
    std::string crl_file;     // PEM
    std::string verify_host;  // the name a server's certificate must have where none is asked for
    std::string ciphers;      // to TLS 1.2
    std::string suites;       // TLS 1.3
    std::string curves;
    std::vector<std::string> alpn;
    std::optional<Verify> verify;
    Version lowest = Version::none;
    Version highest = Version::none;
    std::uint8_t versions_off = 0;  // a bit for each Version
    bool tickets = true;
    bool reuse = true;              // sessions are resumed
    bool client_order = false;      // a listener takes the ciphers in the client's order
    bool known_names_only = false;  // a listener has no default certificate (strict-sni)
    friend bool operator==(const Settings&, const Settings&) = default;
};

// What the global section says for all that do not say it themselves.
struct Defaults {
    Settings servers;
    Settings listeners;
};

// `own` with what it does not say from `defaults`.
Settings completed(Settings own, const Settings& defaults);

}  // namespace pgsteer::tls
