// TLS of servers, of their checks, and of listeners: the settings as written, and after resolve
// what was made of them, files read. Values; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_value.h"
#include "config/rules.h"
#include "tls/settings.h"

namespace pgsteer::tls {
class Outgoing;
class Incoming;
}  // namespace pgsteer::tls

namespace pgsteer::config {

struct ServerTls {
    bool on = false;  // `ssl`: sessions speak TLS to the server
    Shared<tls::Settings> settings;
    std::string sni_text;
    std::optional<Sample> sni;                      // after resolve
    std::shared_ptr<const tls::Outgoing> outgoing;  // likewise, where sessions or checks speak TLS
};

// How a check speaks TLS: `check-ssl` and what belongs to it.
struct CheckTls {
    bool enabled = false;  // after resolve also where it follows the sessions
    bool never = false;    // no-check-ssl
    std::string sni;
    std::vector<std::string> alpn;
    // After resolve, where it speaks TLS: those of its server.
    Shared<tls::Settings> settings;
    std::shared_ptr<const tls::Outgoing> outgoing;
    friend bool operator==(const CheckTls& a, const CheckTls& b) {
        return a.enabled == b.enabled && a.sni == b.sni && a.alpn == b.alpn &&
               a.settings == b.settings;
    }
};

struct BindTls {
    bool on = false;
    tls::Settings settings;
    std::shared_ptr<const tls::Incoming> incoming;  // after resolve
};

}  // namespace pgsteer::config
