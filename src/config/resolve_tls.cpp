// TLS of servers and listeners: completed by the global section, and their files read, so that one
// that cannot be used is a mistake with its line, also with `-c`.
#include <algorithm>

#include "config/fetches.h"
#include "config/keywords.h"
#include "tls/context.h"

namespace pgsteer::config {
namespace {

std::string within(const std::string& folder, const std::string& file) {
    const bool relative = !file.empty() && file[0] != '/' && file[0] != '@';
    return relative && !folder.empty() ? folder + "/" + file : file;
}

tls::Settings located(const Global& global, tls::Settings settings) {
    settings.ca_file = within(global.ca_base, settings.ca_file);
    settings.crl_file = within(global.ca_base, settings.crl_file);
    for (std::string& file : settings.certificates)
        file = within(global.crt_base, file);
    return settings;
}

bool check_speaks_tls(const Backend& backend, const Server& server) {
    if (!server.check) return false;
    if (server.check_tls.enabled) return true;
    return std::any_of(backend.check.steps.begin(), backend.check.steps.end(),
                       [](const Step& step) {
                           const auto* const connect = std::get_if<ConnectStep>(&step);
                           return connect != nullptr && connect->tls;
                       });
}

Result<void> settle_name(ServerTls& tls) {
    if (tls.sni_text.empty()) return {};
    auto parsed = parse_sample(tls.sni_text);
    if (!parsed) return Error{"'sni' : " + parsed.error().text};
    using Type = FetchRow::Type;
    if (parsed->row->type != Type::text && parsed->row->type != Type::address)
        return Error{"'sni' : '" + tls.sni_text + "' is no text; write str(NAME)"};
    tls.sni = std::move(parsed->sample);
    return {};
}

Result<void> settle_listener(const Global& global, Bind& bind) {
    tls::Settings& settings = bind.tls.settings;
    settings = tls::completed(located(global, std::move(settings)), global.tls.listeners);
    // HAProxy's default for listeners since 2.2 (manual, "ssl-min-ver" of bind).
    if (settings.lowest == tls::Version::none && settings.highest == tls::Version::none)
        settings.lowest = tls::Version::tls12;
    const bool asks = settings.verify.value_or(tls::Verify::none) != tls::Verify::none;
    if (asks && settings.ca_file.empty())
        return Error{"'verify' asks for certificates, but no 'ca-file' says who is believed"};
    auto made = tls::Incoming::make(settings);
    if (!made) return made.error();
    bind.tls.incoming = std::move(*made);
    return {};
}

}  // namespace

Result<void> settle_tls(const Global& global, const Backend& backend, Server& server,
                        tls::Contexts& contexts) {
    // As HAProxy: a check that goes elsewhere does not follow the sessions (manual, "check-ssl").
    const bool elsewhere = server.check_port || server.check_address;
    if (server.tls.on && !server.check_tls.never && !elsewhere) server.check_tls.enabled = true;
    if (auto named = settle_name(server.tls); !named) return named;
    if (!server.tls.on && !check_speaks_tls(backend, server)) return {};
    tls::Settings settings =
        tls::completed(located(global, *server.tls.settings), global.tls.servers);
    if (!settings.verify)
        settings.verify = global.verify_servers ? tls::Verify::required : tls::Verify::none;
    if (settings.verify == tls::Verify::required && settings.ca_file.empty())
        return Error{std::string(server.tls.on ? "" : "its check ") +
                     "verifies certificates, but no 'ca-file' says who is believed; add one, or "
                     "'verify none'"};
    auto context = contexts.client(settings);
    if (!context) return context.error();
    server.tls.outgoing = std::make_shared<const tls::Outgoing>(std::move(*context), settings);
    server.check_tls.outgoing = server.tls.outgoing;
    server.tls.settings = server.check_tls.settings = Shared(std::move(settings));
    return {};
}

void resolve_tls(Draft& draft, Config& config) {
    tls::Contexts contexts;
    for (Backend& backend : config.backends)
        for (Server& server : backend.servers)
            if (auto settled = settle_tls(config.global, backend, server, contexts); !settled)
                draft.alert(server.at, "'server " + server.name + "' : " + settled.error().text);
    for (Frontend& frontend : config.frontends)
        for (Bind& bind : frontend.binds)
            if (bind.tls.on)
                if (auto settled = settle_listener(config.global, bind); !settled)
                    draft.alert(bind.at,
                                "'bind " + bind.endpoint.text() + "' : " + settled.error().text);
}

}  // namespace pgsteer::config
