#include "config/rule_names.h"

#include <algorithm>

#include "config/fetches.h"

namespace pgsteer::config {
namespace {

using Takes = FetchRow::Takes;

std::string wrong_proxy(const Draft& draft, const Proxy& own, const Sample& sample, bool backend) {
    if (sample.arguments.empty()) {
        const bool has_it = backend ? own.section != in_frontend : own.section != in_backend;
        return has_it ? "" : "'" + sample.fetch + "' needs a name here";
    }
    if (find_proxy(draft, sample.arguments[0], backend) != nullptr) return "";
    return "'" + sample.text() + "' : unable to find " + (backend ? "backend '" : "frontend '") +
           sample.arguments[0] + "'";
}

std::string wrong_table(const Draft& draft, const Sample& sample, const std::string& table) {
    if (find_table(draft, table) != nullptr) return "";
    return "'" + sample.text() + "' : there is no stick-table in '" + table + "'";
}

std::string wrong_server(const Draft& draft, const Proxy& own, const Sample& sample) {
    const std::string& text = sample.arguments[0];
    const std::size_t slash = text.find('/');
    const bool own_section = slash == std::string::npos;
    const Proxy* const found =
        find_proxy(draft, own_section ? own.name : text.substr(0, slash), true);
    const std::string server = own_section ? text : text.substr(slash + 1);
    if (found != nullptr && has_server(*found, server)) return "";
    return "'" + sample.text() + "' : unable to find server '" + text + "'";
}

}  // namespace

bool has_backend_half(const Proxy& proxy) {
    return proxy.section == in_backend || proxy.section == in_listen;
}

const Proxy* find_proxy(const Draft& draft, std::string_view name, bool backend) {
    for (const Proxy& proxy : draft.proxies)
        if (proxy.name == name && (backend ? has_backend_half(proxy) : proxy.section != in_backend))
            return &proxy;
    return nullptr;
}

const TableSpec* find_table(const Draft& draft, std::string_view name) {
    for (const Proxy& proxy : draft.proxies)
        if (proxy.name == name && proxy.table) return &*proxy.table;
    return nullptr;
}

bool has_server(const Proxy& proxy, const std::string& name) {
    return std::any_of(proxy.back.servers.begin(), proxy.back.servers.end(),
                       [&](const Server& server) { return server.name == name; });
}

std::string wrong_name(const Draft& draft, const Proxy& own, const Sample& sample) {
    switch (fetch_row(sample.fetch)->takes) {
        case Takes::backend:
            return wrong_proxy(draft, own, sample, true);
        case Takes::frontend:
            return wrong_proxy(draft, own, sample, false);
        case Takes::table:
            return wrong_table(draft, sample,
                               sample.arguments.empty() ? own.name : sample.arguments[0]);
        case Takes::counter:
            return sample.arguments.size() > 1 ? wrong_table(draft, sample, sample.arguments[1])
                                               : "";
        case Takes::server:
            return wrong_server(draft, own, sample);
        default:
            return "";
    }
}

}  // namespace pgsteer::config
