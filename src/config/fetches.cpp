#include "config/fetches.h"

#include <algorithm>
#include <array>

#include "base/units.h"
#include "config/converters.h"
#include "config/keywords.h"

namespace pgsteer::config {
namespace {

using Type = FetchRow::Type;
using Takes = FetchRow::Takes;
constexpr auto internal = Layer::internal;
constexpr auto session = Layer::session;
constexpr auto content = Layer::content;

constexpr std::array rows{
    FetchRow{"always_false", "", Type::boolean, Takes::nothing, internal, "false"},
    FetchRow{"always_true", "", Type::boolean, Takes::nothing, internal, "true"},
    FetchRow{"avg_queue", "", Type::integer, Takes::backend, internal,
             "waiting clients of a backend for each of its usable servers"},
    FetchRow{"be_conn", "", Type::integer, Takes::backend, internal,
             "sessions of a backend, waiting ones too"},
    FetchRow{"be_conn_free", "", Type::integer, Takes::backend, internal,
             "sessions the usable servers of a backend can still take"},
    FetchRow{"be_id", "", Type::integer, Takes::nothing, session, "the backend's number"},
    FetchRow{"be_name", "", Type::text, Takes::nothing, session, "the backend's name"},
    FetchRow{"be_sess_rate", "", Type::integer, Takes::backend, internal,
             "new sessions of a backend in the last second"},
    FetchRow{"bool", "", Type::boolean, Takes::constant, internal, "the value itself"},
    FetchRow{"capture.req.hdr", "", Type::text, Takes::place, session,
             "what the rule `capture` number N, from 0 on, kept of the client"},
    FetchRow{"connslots", "", Type::integer, Takes::backend, internal,
             "free places in a backend's servers and queues; -1 where one has no limit"},
    FetchRow{"dst", "", Type::address, Takes::nothing, session, "the address the client called"},
    FetchRow{"dst_conn", "", Type::integer, Takes::nothing, session,
             "sessions of the listener's frontend"},
    FetchRow{"dst_is_local", "", Type::boolean, Takes::nothing, session,
             "is that address one of this machine's?"},
    FetchRow{"dst_port", "", Type::integer, Takes::nothing, session, "the port the client called"},
    FetchRow{"env", "", Type::text, Takes::name, internal, "a variable of the environment"},
    FetchRow{"fe_conn", "", Type::integer, Takes::frontend, internal, "sessions of a frontend"},
    FetchRow{"fe_defbe", "", Type::text, Takes::nothing, session, "the frontend's default_backend"},
    FetchRow{"fe_id", "", Type::integer, Takes::nothing, session, "the frontend's number"},
    FetchRow{"fe_name", "", Type::text, Takes::nothing, session, "the frontend's name"},
    FetchRow{"fe_sess_rate", "", Type::integer, Takes::frontend, internal,
             "new sessions of a frontend in the last second"},
    FetchRow{"hostname", "", Type::text, Takes::nothing, internal, "this machine's name"},
    FetchRow{"int", "", Type::integer, Takes::constant, internal, "the value itself"},
    FetchRow{"ipv4", "", Type::address, Takes::constant, internal, "the value itself"},
    FetchRow{"ipv6", "", Type::address, Takes::constant, internal, "the value itself"},
    FetchRow{"nbsrv", "", Type::integer, Takes::backend, internal, "usable servers of a backend"},
    FetchRow{"nbthread", "", Type::integer, Takes::nothing, internal, "worker threads"},
    FetchRow{"queue", "", Type::integer, Takes::backend, internal, "waiting clients of a backend"},
    FetchRow{"rand", "", Type::integer, Takes::optional_integer, internal,
             "a random number below the argument, or of 32 bits"},
    FetchRow{"req.len", "req_len", Type::integer, Takes::nothing, content,
             "bytes the client has sent so far"},
    FetchRow{"req.payload", "payload", Type::bytes, Takes::integers, content,
             "bytes of the client: offset, length (0: all)"},
    FetchRow{"req.ssl_hello_type", "req_ssl_hello_type", Type::integer, Takes::nothing, content,
             "1 when the client's first bytes are a TLS ClientHello"},
    FetchRow{"req.ssl_sni", "req_ssl_sni", Type::text, Takes::nothing, content,
             "the server name in the client's TLS ClientHello"},
    FetchRow{"req.ssl_ver", "req_ssl_ver", Type::integer, Takes::nothing, content,
             "the TLS version of its ClientHello, as 3.1"},
    FetchRow{"sc_bytes_in_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: bytes from the client in the period"},
    FetchRow{"sc_bytes_out_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: bytes to the client in the period"},
    FetchRow{"sc_clr_gpc0", "", Type::integer, Takes::counter, session,
             "of a tracked key: the counter gpc0, which is 0 afterwards"},
    FetchRow{"sc_clr_gpc1", "", Type::integer, Takes::counter, session,
             "of a tracked key: the counter gpc1, which is 0 afterwards"},
    FetchRow{"sc_conn_cnt", "", Type::integer, Takes::counter, session,
             "of a tracked key: connections so far"},
    FetchRow{"sc_conn_cur", "", Type::integer, Takes::counter, session,
             "of a tracked key: connections now"},
    FetchRow{"sc_conn_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: new connections in the period"},
    FetchRow{"sc_get_gpc0", "", Type::integer, Takes::counter, session,
             "of a tracked key: the counter gpc0"},
    FetchRow{"sc_get_gpc1", "", Type::integer, Takes::counter, session,
             "of a tracked key: the counter gpc1"},
    FetchRow{"sc_get_gpt0", "", Type::integer, Takes::counter, session,
             "of a tracked key: the tag gpt0"},
    FetchRow{"sc_gpc0_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: how much gpc0 grew in the period"},
    FetchRow{"sc_gpc1_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: how much gpc1 grew in the period"},
    FetchRow{"sc_inc_gpc0", "", Type::integer, Takes::counter, session,
             "of a tracked key: adds 1 to gpc0, which is the value"},
    FetchRow{"sc_inc_gpc1", "", Type::integer, Takes::counter, session,
             "of a tracked key: adds 1 to gpc1, which is the value"},
    FetchRow{"sc_kbytes_in", "", Type::integer, Takes::counter, session,
             "of a tracked key: KiB from the client so far"},
    FetchRow{"sc_kbytes_out", "", Type::integer, Takes::counter, session,
             "of a tracked key: KiB to the client so far"},
    FetchRow{"sc_sess_cnt", "", Type::integer, Takes::counter, session,
             "of a tracked key: sessions so far"},
    FetchRow{"sc_sess_rate", "", Type::integer, Takes::counter, session,
             "of a tracked key: new sessions in the period"},
    FetchRow{"sc_tracked", "", Type::boolean, Takes::counter, session, "is a key tracked there?"},
    FetchRow{"sc_trackers", "", Type::integer, Takes::counter, session,
             "clients that track the same key"},
    FetchRow{"so_id", "", Type::integer, Takes::nothing, session, "the bind line's `id`"},
    FetchRow{"so_name", "", Type::text, Takes::nothing, session, "the bind line's `name`"},
    FetchRow{"src", "", Type::address, Takes::nothing, session, "the client's address"},
    FetchRow{"src_bytes_in_rate", "", Type::integer, Takes::table, session,
             "of the client's address: bytes from the client in the period"},
    FetchRow{"src_bytes_out_rate", "", Type::integer, Takes::table, session,
             "of the client's address: bytes to the client in the period"},
    FetchRow{"src_clr_gpc0", "", Type::integer, Takes::table, session,
             "of the client's address: the counter gpc0, which is 0 afterwards"},
    FetchRow{"src_clr_gpc1", "", Type::integer, Takes::table, session,
             "of the client's address: the counter gpc1, which is 0 afterwards"},
    FetchRow{"src_conn_cnt", "", Type::integer, Takes::table, session,
             "of the client's address: connections so far"},
    FetchRow{"src_conn_cur", "", Type::integer, Takes::table, session,
             "of the client's address: connections now"},
    FetchRow{"src_conn_rate", "", Type::integer, Takes::table, session,
             "of the client's address: new connections in the period"},
    FetchRow{"src_get_gpc0", "", Type::integer, Takes::table, session,
             "of the client's address: the counter gpc0"},
    FetchRow{"src_get_gpc1", "", Type::integer, Takes::table, session,
             "of the client's address: the counter gpc1"},
    FetchRow{"src_get_gpt0", "", Type::integer, Takes::table, session,
             "of the client's address: the tag gpt0"},
    FetchRow{"src_gpc0_rate", "", Type::integer, Takes::table, session,
             "of the client's address: how much gpc0 grew in the period"},
    FetchRow{"src_gpc1_rate", "", Type::integer, Takes::table, session,
             "of the client's address: how much gpc1 grew in the period"},
    FetchRow{"src_inc_gpc0", "", Type::integer, Takes::table, session,
             "of the client's address: adds 1 to gpc0, which is the value"},
    FetchRow{"src_inc_gpc1", "", Type::integer, Takes::table, session,
             "of the client's address: adds 1 to gpc1, which is the value"},
    FetchRow{"src_kbytes_in", "", Type::integer, Takes::table, session,
             "of the client's address: KiB from the client so far"},
    FetchRow{"src_kbytes_out", "", Type::integer, Takes::table, session,
             "of the client's address: KiB to the client so far"},
    FetchRow{"src_sess_cnt", "", Type::integer, Takes::table, session,
             "of the client's address: sessions so far"},
    FetchRow{"src_sess_rate", "", Type::integer, Takes::table, session,
             "of the client's address: new sessions in the period"},
    FetchRow{"src_updt_conn_cnt", "", Type::integer, Takes::table, session,
             "adds 1 to the connections of the client's address, which is the value"},
    FetchRow{"src_is_local", "", Type::boolean, Takes::nothing, session,
             "is that address one of this machine's?"},
    FetchRow{"src_port", "", Type::integer, Takes::nothing, session, "the client's port"},
    FetchRow{"srv_conn", "", Type::integer, Takes::server, internal, "sessions of a server"},
    FetchRow{"srv_conn_free", "", Type::integer, Takes::server, internal,
             "sessions a server can still take"},
    FetchRow{"srv_is_up", "", Type::boolean, Takes::server, internal, "is a server usable?"},
    FetchRow{"srv_queue", "", Type::integer, Takes::server, internal,
             "clients that wait for this server alone, by `stick` or `use-server`"},
    FetchRow{"srv_sess_rate", "", Type::integer, Takes::server, internal,
             "new sessions of a server in the last second"},
    FetchRow{"srv_weight", "", Type::integer, Takes::server, internal, "a server's weight now"},
    FetchRow{"ssl_fc", "", Type::boolean, Takes::nothing, session,
             "does the client speak TLS to a listener with `ssl`?"},
    FetchRow{"ssl_fc_has_sni", "", Type::boolean, Takes::nothing, session,
             "did it ask for a name then?"},
    FetchRow{"ssl_fc_sni", "", Type::text, Takes::nothing, session, "that name"},
    FetchRow{"str", "", Type::text, Takes::constant, internal, "the value itself"},
    FetchRow{"wait_end", "", Type::boolean, Takes::nothing, content,
             "true once the inspect-delay is over"},
};

// Known to HAProxy, and about what a PostgreSQL client does not say in clear.
constexpr std::array web_fetches = std::to_array<std::string_view>(
    {"base", "base32", "capture", "cook", "cookie", "hdr", "http_auth", "http_first_req", "meth",
     "method", "path", "query", "req_ver", "req_proto_http", "scook", "shdr", "url", "urlp"});
constexpr std::array web_prefixes = std::to_array<std::string_view>(
    {"base32+", "baseq", "capture.", "http_auth_group", "internal.htx", "pathq", "req.hdr",
     "req.cook", "req.fhdr", "req.body", "req.proto_http", "req.ver", "res.", "resp_ver",
     "set-cookie", "status", "unique-id", "url32"});

// Known to HAProxy 2.6 and meaningful for TCP, but not here; a final '*' stands for any ending.
struct Unsupported {
    std::string_view name, why;
};
constexpr std::string_view no_such_counter = "stick tables do not count that";
constexpr std::string_view not_asked = "connections are not asked for that";
constexpr std::string_view not_read = "that part of a client's first bytes is not read";
constexpr std::string_view not_measured = "a session's share of the processor is not measured";
constexpr std::string_view not_ended =
    "of TLS, only that the client speaks it and the name it asks for are known";
constexpr std::array unsupported_fetches{
    Unsupported{"sc_*", no_such_counter},
    Unsupported{"src_*", no_such_counter},
    Unsupported{"table_*", "use a fetch of the tracked key, as sc_conn_rate(0)"},
    Unsupported{"var", "rules have no variables"},
    Unsupported{"fc_*", not_asked},
    Unsupported{"bc_*", not_asked},
    Unsupported{"srv_id", "no server is chosen yet"},
    Unsupported{"srv_name", "no server is chosen yet"},
    Unsupported{"be_server_timeout", "no server is chosen yet"},
    Unsupported{"be_tunnel_timeout", "no server is chosen yet"},
    Unsupported{"req.payload_lv", not_read},
    Unsupported{"payload_lv", not_read},
    Unsupported{"req.ssl_*", not_read},
    Unsupported{"req_ssl_*", not_read},
    Unsupported{"req.rdp_cookie*", "PostgreSQL is not RDP"},
    Unsupported{"rdp_cookie*", "PostgreSQL is not RDP"},
    Unsupported{"req_rdp_cookie*", "PostgreSQL is not RDP"},
    Unsupported{"date*", "rules do not go by the clock"},
    Unsupported{"lua.*", "no Lua is run"},
    Unsupported{"51d.all", "devices are not detected"},
    Unsupported{"bin", "compare bytes with '-m bin'"},
    Unsupported{"cpu_*", not_measured},
    Unsupported{"lat_*", not_measured},
    Unsupported{"cur_*", not_asked},
    Unsupported{"fe_client_timeout", not_asked},
    Unsupported{"distcc_*", "PostgreSQL is not distcc"},
    Unsupported{"internal.strm.*", not_asked},
    Unsupported{"last_rule_*", "rules remember nothing"},
    Unsupported{"prio_*", "clients wait in the order they came"},
    Unsupported{"proc", "pgsteer is one process"},
    Unsupported{"thread", not_asked},
    Unsupported{"stopping", "a router that stops takes no clients"},
    Unsupported{"uuid", "sessions have numbers; see 'show sess'"},
    Unsupported{"rep_ssl_hello_type", "servers' bytes are not looked at"},
    Unsupported{"ssl_f_*", not_ended},
    Unsupported{"ssl_s_*", not_ended},
    Unsupported{"fe_req_rate", "there are no requests; use 'fe_sess_rate'"},
    Unsupported{"srv_iweight", "use 'srv_weight'"},
    Unsupported{"srv_uweight", "use 'srv_weight'"},
};

std::string_view name_of(std::string_view text) {
    return text.substr(0, text.find_first_of("(,"));
}

bool names_counter(std::string_view text) {
    return text.size() > 4 && text.starts_with("sc") && text[2] >= '0' && text[2] <= '2' &&
           text[3] == '_';
}

// "sc1_conn_rate" is "sc_conn_rate(1)", "sc1_conn_rate(st)" is "sc_conn_rate(1,st)".
std::string with_counter(std::string_view text) {
    const std::string_view name = name_of(text);
    std::string whole = "sc_" + std::string(name.substr(4)) + "(" + text[2];
    const std::string_view rest = text.substr(name.size());
    if (rest.starts_with('(')) return whole + "," + std::string(rest.substr(1));
    return whole + ")" + std::string(rest);
}

Error wrong_arguments(const FetchRow& row, std::string_view needs) {
    return {"'" + std::string(row.name) + "' needs " + std::string(needs)};
}

bool is_integer(const std::string& text) {
    return parse_integer(text, 0, 2'147'483'647).has_value();
}

Result<void> check_arguments(const FetchRow& row, const std::vector<std::string>& arguments) {
    const std::size_t count = arguments.size();
    switch (row.takes) {
        case Takes::nothing:
            if (count > 0) return wrong_arguments(row, "no argument");
            break;
        case Takes::backend:
        case Takes::frontend:
            if (count > 1) return wrong_arguments(row, "one name at most");
            break;
        case Takes::server:
            if (count != 1) return wrong_arguments(row, "a server, as BACKEND/SERVER");
            break;
        case Takes::name:
        case Takes::constant:
            if (count != 1) return wrong_arguments(row, "one argument");
            break;
        case Takes::integers:
            if (count != 2 || !is_integer(arguments[0]) || !is_integer(arguments[1]))
                return wrong_arguments(row, "an offset and a length");
            break;
        case Takes::table:
            if (count > 1) return wrong_arguments(row, "the name of a section at most");
            break;
        case Takes::counter:
            if (count < 1 || count > 2 || !parse_integer(arguments[0], 0, 2))
                return wrong_arguments(row, "0, 1 or 2, and the name of a section at most");
            break;
        case Takes::place:
            if (count != 1 || !is_integer(arguments[0]))
                return wrong_arguments(row, "the number of a captured value, from 0 on");
            break;
        case Takes::optional_integer:
            if (count > 1 || (count == 1 && !is_integer(arguments[0])))
                return wrong_arguments(row, "one number at most");
            break;
    }
    if (row.name == "int" && !parse_range(arguments[0])) return wrong_arguments(row, "an integer");
    if (row.name == "bool" && arguments[0] != "true" && arguments[0] != "false" &&
        arguments[0] != "1" && arguments[0] != "0")
        return wrong_arguments(row, "true or false");
    if (row.type == Type::address && row.takes == Takes::constant && !Network::parse(arguments[0]))
        return wrong_arguments(row, "an address");
    return {};
}

std::vector<std::string> split_arguments(std::string_view inside) {
    std::vector<std::string> arguments;
    while (true) {
        const std::size_t comma = inside.find(',');
        arguments.emplace_back(inside.substr(0, comma));
        if (comma == std::string_view::npos) return arguments;
        inside.remove_prefix(comma + 1);
    }
}

Error unknown(std::string_view name) {
    if (is_web_fetch(name))
        return {"'" + std::string(name) + "' is about HTTP, which PostgreSQL does not speak"};
    if (name.starts_with("ssl_fc") || name.starts_with("ssl_c_") || name.starts_with("ssl_bc"))
        return {"'" + std::string(name) +
                "' is not asked of the connection; use 'ssl_fc' or 'ssl_fc_sni'"};
    for (const Unsupported& one : unsupported_fetches)
        if (matches(one.name, name))
            return {"'" + std::string(name) + "' is not supported: " + std::string(one.why)};
    std::vector<std::string_view> names;
    for (const FetchRow& row : rows)
        names.push_back(row.name);
    return {"unknown fetch method '" + std::string(name) + "'" + did_you_mean(name, names)};
}

// The first of ",lower,length" that is unknown even to HAProxy is a mistake of its own.
Error converted(std::string_view text, std::string_view rest, const Sample& sample) {
    const std::string_view name = name_of(rest.starts_with(',') ? rest.substr(1) : rest);
    if (!is_converter(name))
        return {"'" + std::string(text) + "' : unknown converter '" + std::string(name) + "'" +
                did_you_mean(name, converter_names())};
    return {"'" + std::string(text) + "' : converters are not supported; compare '" +
            sample.text() + "' itself"};
}

}  // namespace

std::string Sample::text() const {
    std::string text = fetch;
    for (std::size_t i = 0; i < arguments.size(); ++i)
        text += (i == 0 ? "(" : ",") + arguments[i];
    return arguments.empty() ? text : text + ")";
}

std::string why_no_value(std::string_view name) {
    if (names_counter(name)) return why_no_value(with_counter(name).substr(0, name.size() - 1));
    return fetch_row(name) == nullptr ? unknown(name).text : "";
}

std::span<const FetchRow> fetch_rows() {
    return rows;
}

const FetchRow* fetch_row(std::string_view name) {
    const auto found = std::find_if(rows.begin(), rows.end(), [name](const FetchRow& row) {
        return row.name == name || (!row.other_name.empty() && row.other_name == name);
    });
    return found == rows.end() ? nullptr : &*found;
}

bool is_web_fetch(std::string_view text) {
    const std::string_view name = name_of(text);
    if (fetch_row(name) != nullptr) return false;
    const auto matches_it = [name](std::string_view known) {
        return name == known ||
               (name.starts_with(known) && name.substr(known.size()).starts_with('_'));
    };
    return std::any_of(web_fetches.begin(), web_fetches.end(), matches_it) ||
           std::any_of(web_prefixes.begin(), web_prefixes.end(),
                       [name](std::string_view prefix) { return name.starts_with(prefix); });
}

Result<ParsedSample> parse_sample(std::string_view text, std::span<const FetchRow> more) {
    if (names_counter(text)) return parse_sample(with_counter(text), more);
    const std::string_view name = name_of(text);
    const auto extra = std::find_if(more.begin(), more.end(),
                                    [name](const FetchRow& one) { return one.name == name; });
    const FetchRow* row = extra != more.end() ? &*extra : fetch_row(name);
    if (row == nullptr) return unknown(name);
    ParsedSample parsed{{std::string(row->name), {}}, row};
    std::string_view rest = text.substr(name.size());
    if (rest.starts_with('(')) {
        const std::size_t end = rest.find(')');
        if (end == std::string_view::npos)
            return Error{"'" + std::string(text) + "' has no closing parenthesis"};
        if (end > 1) parsed.sample.arguments = split_arguments(rest.substr(1, end - 1));
        rest.remove_prefix(end + 1);
    }
    if (!rest.empty()) return converted(text, rest, parsed.sample);
    if (auto checked = check_arguments(*row, parsed.sample.arguments); !checked)
        return checked.error();
    return parsed;
}

}  // namespace pgsteer::config
