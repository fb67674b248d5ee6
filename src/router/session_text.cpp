#include "router/session_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/hexadecimal.h"
#include "health/rules.h"

namespace pgsteer::router {
namespace {

using config::LogFlags;
using config::LogPiece;
using config::LogVariable;
using routing::SessionEnded;

std::time_t whole_seconds(WallTime at) {
    return std::chrono::system_clock::to_time_t(at);
}
long milliseconds_of(WallTime at) {
    return static_cast<long>(
        std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count() % 1000);
}
std::tm local_time(WallTime at) {
    const std::time_t whole = whole_seconds(at);
    std::tm local{};
    ::localtime_r(&whole, &local);
    return local;
}
std::string with_zone(const std::tm& at) {
    const long minutes = at.tm_gmtoff / 60;
    return fmt::format("{} {}{:02}{:02}", log::clf_date(at), minutes < 0 ? '-' : '+',
                       std::labs(minutes) / 60, std::labs(minutes) % 60);
}
std::string accept_date(WallTime at) {
    return fmt::format("{}.{:03}", log::clf_date(local_time(at)), milliseconds_of(at));
}
std::string utc_date(WallTime at) {
    const std::time_t whole = whole_seconds(at);
    std::tm utc{};
    ::gmtime_r(&whole, &utc);
    return with_zone(utc);
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f;
}
// Control characters, and those of `also`, as #0A: what a client sent must not look like the line
// around it.
std::string encoded(std::string_view text, std::string_view also) {
    std::string shown;
    for (const char c : text)
        if (is_control(c) || also.find(c) != also.npos)
            shown += "#" + hexadecimal({&c, 1});
        else
            shown += c;
    return shown;
}
constexpr std::string_view around_captures = "\"#{|}";  // HAProxy's hdr_encode_map
// HAProxy writes a client's line feed by `%[]` into its log as it is.
constexpr std::string_view nothing_else;

// HAProxy's lf_text: what there is not is a dash, or nothing between quotes.
std::string quoted(std::string_view text, LogFlags flags) {
    std::string shown;
    for (const char c : text) {
        if (flags.escape && (c == '"' || c == '\\' || c == ']')) shown += '\\';
        shown += c;
    }
    if (flags.quote) return "\"" + shown + "\"";
    return shown.empty() && flags.mandatory ? "-" : shown;
}

std::string number_of(std::int64_t number, bool hex) {
    return hex ? fmt::format("{:04X}", number) : fmt::format("{}", number);
}

std::string hex_address(const Address& address) {
    std::string text;
    if (address.family() == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr;
        for (const auto byte : *reinterpret_cast<const std::uint8_t(*)[4]>(&v4))
            text += fmt::format("{:02X}", byte);
    } else if (address.family() == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
        for (const auto byte : v6.s6_addr)
            text += fmt::format("{:02X}", byte);
    }
    return text;
}

std::string ip_of(const Address& address, LogFlags flags) {
    if (!address.is_ip()) return quoted(address.is_unix() ? "unix" : "", flags);
    return flags.hex ? hex_address(address) : quoted(address.host(), flags);
}
std::string port_of(const Address& address, std::uint32_t listener, LogFlags flags) {
    if (address.is_unix()) return fmt::format("{}", listener);
    if (!address.is_ip()) return quoted("", flags);
    return number_of(number(address.port()), flags.hex);
}

// A client of a unix socket has no address of its own; HAProxy shows it as its listener's.
std::string client_ip(const SessionEnded& session, LogFlags flags) {
    return session.client.is_ip() ? ip_of(session.client, flags) : quoted("unix", flags);
}
std::string client_port(const SessionEnded& session, LogFlags flags) {
    return session.client.is_ip() ? port_of(session.client, 0, flags)
                                  : fmt::format("{}", session.listener);
}

std::string_view server_name(const SessionEnded& session, const routing::RoutingTable& table) {
    return session.has_server ? std::string_view(table.at(session.server).name) : "<NOSRV>";
}

std::string state_of(const SessionEnded& session) {
    if (session.moment != routing::Moment::ended) return "--";
    const auto state = routing::termination_state(session.reason, session.phase);
    return {state.cause, state.phase};
}

std::int64_t data_ms(const SessionEnded& session) {
    if (session.connecting.count() < 0) return -1;
    return (session.total - session.waited - session.connecting).count();
}

// What HAProxy steps over where there is nothing to show.
bool is_transparent(const LogPiece& piece) {
    if (piece.kind != LogPiece::Kind::variable) return false;
    return piece.variable == LogVariable::flags || piece.variable == LogVariable::captures ||
           piece.variable == LogVariable::captures_list ||
           piece.variable == LogVariable::no_captures;
}

class Writer {
  public:
    Writer(const LineForm& form, const SessionEnded& session, const LineFacts& facts)
        : form_(form), session_(session), facts_(facts) {}

    std::string run() {
        std::string line;
        bool after_space = false;  // HAProxy merges spaces
        std::size_t sample = 0;
        for (const LogPiece& piece : form_.format.pieces) {
            const bool is_space = piece.kind == LogPiece::Kind::space;
            if (is_space && after_space) continue;
            const std::size_t before = line.size();
            if (piece.kind == LogPiece::Kind::sample)
                line += sampled(form_.samples[sample++], piece.flags);
            else if (piece.kind == LogPiece::Kind::variable)
                line += variable(piece);
            else
                line += piece.text;
            // Also around captures of which there are none.
            const bool is_nothing = line.size() == before && is_transparent(piece);
            if (!is_nothing) after_space = is_space;
        }
        return line;
    }

  private:
    std::string sampled(const routing::Sample& sample, LogFlags flags) const {
        if (sample.fetch == nullptr) return quoted("", flags);
        routing::Facts facts{.table = facts_.table,
                             .frontend = session_.frontend,
                             .backend = session_.backend,
                             .client = session_.client,
                             .destination = session_.destination,
                             .listener_id = session_.listener,
                             .listener_name = facts_.listener_name,
                             .random = session_.number,
                             .now = facts_.now,
                             .captured = session_.captured};
        const auto value = sample.fetch(facts, sample.arguments).value;
        if (!value) return quoted("", flags);
        return quoted(encoded(text_of(*value), nothing_else), flags);
    }

    std::string_view captured(std::size_t place) const {
        return place < session_.captured.size() ? std::string_view(session_.captured[place])
                                                : std::string_view();
    }
    std::string captures_in_braces(LogFlags flags) const {
        std::string shown = flags.quote ? "\"{" : "{";
        for (std::size_t place = 0; place < form_.captures; ++place)
            shown += (place == 0 ? "" : "|") + encoded(captured(place), around_captures);
        return shown + (flags.quote ? "}\"" : "}");
    }
    std::string captures_as_words(LogFlags flags) const {
        std::string shown;
        for (std::size_t place = 0; place < form_.captures; ++place) {
            const std::string word = encoded(captured(place), around_captures);
            shown += place == 0 ? "" : " ";
            shown += flags.quote ? "\"" + word + "\"" : word.empty() ? "-" : word;
        }
        return shown;
    }

    std::string growing(std::uint64_t number) const {
        return fmt::format("{}{}", form_.early ? "+" : "", number);
    }
    std::string growing(milliseconds time) const {
        return fmt::format("{}{}", form_.early ? "+" : "", time.count());
    }

    std::string variable(const LogPiece& piece) const {
        const LogFlags flags = piece.flags;
        switch (piece.variable) {
            case LogVariable::backend:
                return quoted(facts_.table.at(session_.backend).name, flags);
            case LogVariable::frontend:
            case LogVariable::frontend_transport:
                return quoted(facts_.table.at(session_.frontend).name, flags);
            case LogVariable::server:
                return quoted(server_name(session_, facts_.table), flags);
            case LogVariable::host_name:
                return quoted(facts_.host, flags);
            case LogVariable::termination:
                return state_of(session_);
            case LogVariable::termination_cookies:
                return state_of(session_) + "--";
            case LogVariable::unique_id:
            case LogVariable::tls_cipher:
            case LogVariable::tls_version:
                return quoted("", flags);
            case LogVariable::captures:
                return form_.captures == 0 ? "" : captures_in_braces(flags);
            case LogVariable::captures_list:
                return form_.captures == 0 ? "" : captures_as_words(flags);
            case LogVariable::no_captures:
            case LogVariable::flags:
            case LogVariable::web:
                return "";
            default:
                break;
        }
        const auto address = address_variable(piece);
        return address ? *address : number_variable(piece);
    }

    std::optional<std::string> address_variable(const LogPiece& piece) const {
        switch (piece.variable) {
            case LogVariable::client_ip:
                return client_ip(session_, piece.flags);
            case LogVariable::client_port:
                return client_port(session_, piece.flags);
            case LogVariable::frontend_ip:
                return ip_of(session_.destination, piece.flags);
            case LogVariable::frontend_port:
                return port_of(session_.destination, session_.listener, piece.flags);
            case LogVariable::source_ip:
                return ip_of(session_.source, piece.flags);
            case LogVariable::source_port:
                return port_of(session_.source, 0, piece.flags);
            case LogVariable::server_ip:
                return ip_of(session_.server_address, piece.flags);
            case LogVariable::server_port:
                return port_of(session_.server_address, 0, piece.flags);
            default:
                return std::nullopt;
        }
    }

    std::string number_variable(const LogPiece& piece) const {
        const bool hex = piece.flags.hex;
        switch (piece.variable) {
            case LogVariable::server_bytes:
                return growing(session_.bytes_out);
            case LogVariable::client_bytes:
                return number_of(static_cast<std::int64_t>(session_.bytes_in), false);
            case LogVariable::all_sessions:
                return number_of(session_.process_sessions, false);
            case LogVariable::frontend_sessions:
                return number_of(session_.frontend_sessions, false);
            case LogVariable::backend_sessions:
                return number_of(session_.backend_sessions, false);
            case LogVariable::server_sessions:
                return number_of(session_.server_sessions, false);
            case LogVariable::retries:
                return (session_.redispatched ? "+" : "") + number_of(session_.retries, false);
            case LogVariable::backend_queue:
                return number_of(session_.queue_position, false);
            case LogVariable::log_counter:
                return number_of(static_cast<std::int64_t>(facts_.log_number), hex);
            case LogVariable::request_counter:
                return number_of(session_.number, hex);
            case LogVariable::process:
                return number_of(facts_.pid, hex);
            case LogVariable::status:        // there is no HTTP
            case LogVariable::server_queue:  // all wait for their backend
                return "0";
            default:
                return time_variable(piece);
        }
    }

    std::string time_variable(const LogPiece& piece) const {
        const bool hex = piece.flags.hex;
        switch (piece.variable) {
            case LogVariable::date:
                return accept_date(session_.accepted);
            case LogVariable::date_utc:
                return utc_date(session_.accepted);
            case LogVariable::date_local:
                return with_zone(local_time(session_.accepted));
            case LogVariable::timestamp:
                return number_of(whole_seconds(session_.accepted), hex);
            case LogVariable::milliseconds:
                return hex ? fmt::format("{:02X}", milliseconds_of(session_.accepted))
                           : fmt::format("{:03}", milliseconds_of(session_.accepted));
            case LogVariable::time_handshake:
                return number_of(session_.handshake.count(), false);
            case LogVariable::time_waiting:
                return number_of(session_.waited.count(), false);
            case LogVariable::time_connect:
                return number_of(session_.connecting.count(), false);
            case LogVariable::time_data:
                return number_of(data_ms(session_), false);
            case LogVariable::time_total:
            case LogVariable::time_active:
                return growing(session_.total);
            default:
                return "";
        }
    }

    const LineForm& form_;
    const SessionEnded& session_;
    const LineFacts& facts_;
};

}  // namespace

LineForm line_form(const config::LogFormat& format, const routing::RoutingTable& table,
                   const std::string& frontend) {
    LineForm form{format, {}, false};
    for (const LogPiece& piece : format.pieces)
        if (piece.kind == LogPiece::Kind::sample)
            form.samples.push_back(health::sample_of(piece.sample, table, frontend));
    return form;
}

std::string session_text(const LineForm& form, const SessionEnded& session,
                         const LineFacts& facts) {
    return Writer(form, session, facts).run();
}

std::string connect_text(const SessionEnded& session, const routing::RoutingTable& table) {
    const std::string& name = table.at(session.frontend).name;
    if (!session.client.is_ip())
        return fmt::format("Connect to unix:{} ({}/TCP)", session.listener, name);
    const bool is_known = session.destination.is_ip();
    return fmt::format("Connect from {}:{} to {}:{} ({}/TCP)", session.client.host(),
                       number(session.client.port()),
                       is_known ? session.destination.host() : "undetermined address",
                       is_known ? number(session.destination.port()) : 0, name);
}

std::string failed_text(const SessionEnded& session, const LineFacts& facts, std::string_view why) {
    const std::string listener = facts.listener_name.empty() ? fmt::format("{}", session.listener)
                                                             : std::string(facts.listener_name);
    return fmt::format("{}:{} [{}] {}/{}: {}", client_ip(session, {}), client_port(session, {}),
                       accept_date(session.accepted), facts.table.at(session.frontend).name,
                       listener, why);
}

}  // namespace pgsteer::router
