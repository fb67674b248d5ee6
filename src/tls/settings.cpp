#include "tls/settings.h"

namespace pgsteer::tls {

Settings completed(Settings own, const Settings& defaults) {
    const auto take = [](auto& value, const auto& other) {
        if (value.empty()) value = other;
    };
    take(own.ciphers, defaults.ciphers);
    take(own.suites, defaults.suites);
    take(own.curves, defaults.curves);
    if (own.lowest == Version::none) own.lowest = defaults.lowest;
    if (own.highest == Version::none) own.highest = defaults.highest;
    own.versions_off = static_cast<std::uint8_t>(own.versions_off | defaults.versions_off);
    own.tickets = own.tickets && defaults.tickets;
    own.reuse = own.reuse && defaults.reuse;
    own.client_order = own.client_order || defaults.client_order;
    own.known_names_only = own.known_names_only || defaults.known_names_only;
    return own;
}

}  // namespace pgsteer::tls
