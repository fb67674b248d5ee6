#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr auto honoured = KeywordClass::honoured;

// Any stats line turns the page on, as in HAProxy.
StatsPage& page(Line& line) {
    Proxy& proxy = *line.proxy;
    if (!proxy.stats) proxy.stats.emplace();
    proxy.stats->page = true;
    return *proxy.stats;
}

// prometheus-exporter [if { path PATH }]
void use_service(Line& line, Words words) {
    if (words.empty() || words[0] != "prometheus-exporter")
        return line.alert("knows only the service 'prometheus-exporter'");
    StatsPage found = line.proxy->stats.value_or(StatsPage{});
    found.metrics_path = "";
    if (words.size() > 1) {
        const bool shaped = words.size() == 6 && words[1] == "if" && words[2] == "{" &&
                            (words[3] == "path" || words[3] == "path_beg") && words[5] == "}";
        if (!shaped) return line.alert("expects nothing more or 'if { path /metrics }'");
        found.metrics_path = words[4];
        found.metrics_prefix = words[3] == "path_beg";
    }
    line.proxy->stats = found;
}

std::string joined(Words words) {
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

void enable(Line& line, Words words) {
    if (line.arguments(words, 0, 0)) page(line);
}

void uri(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (!words[0].starts_with('/')) return line.alert("must start with '/'");
    page(line).uri = words[0];
}

void refresh(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (auto value = line.whole_seconds(words[0])) page(line).refresh = *value;
}

void auth(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (words[0].find(':') == std::string::npos) return line.alert("needs USER:PASSWORD");
    page(line).users.push_back(words[0]);
}

void realm(Line& line, Words words) {
    if (line.arguments(words, 1, words.size())) page(line).realm = joined(words);
}

void hide_version(Line& line, Words) {
    page(line).hide_version = true;
}
void show_legends(Line& line, Words) {
    page(line).show_legends = true;
}

void show_node(Line& line, Words words) {
    if (!line.arguments(words, 0, 1)) return;
    page(line).show_node = true;
    if (!words.empty()) page(line).node = words[0];
}

void scope(Line& line, Words words) {
    if (line.arguments(words, 1, 1)) page(line).scope.push_back(words[0]);
}

// Conditions are read when the whole file is known (resolve_page.cpp).
void admin(Line& line, Words words) {
    if (!line.arguments(words, 2, most_words)) return;
    page(line);
    line.proxy->rules.page_admin.push_back({{words.begin(), words.end()}, line.at});
}

void http_request(Line& line, Words words) {
    if (!line.arguments(words, 1, most_words)) return;
    page(line);
    line.proxy->rules.page.push_back({{words.begin(), words.end()}, line.at});
}

// Without a text of its own the page shows the global description, which resolve fills in.
void show_desc(Line& line, Words words) {
    page(line).description = joined(words);
}

// Who may write to an admin's socket may do everything; HAProxy leaves its mode to the umask.
constexpr unsigned owner_only = 0600;

void socket(Line& line, Words words) {
    for (Bind& bind : read_binds(line, words)) {
        if (bind.kind == Bind::Kind::unix_socket && !bind.mode) bind.mode = owner_only;
        line.draft.global.stats_sockets.push_back(std::move(bind));
    }
}

void timeout(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto value = line.time(words[0])) line.draft.global.stats_timeout = *value;
}

void maxconn(Line& line, Words words) {
    if (!line.arguments(words, 1, 1)) return;
    if (const auto value = line.count(words[0], 1, 10'000))
        line.draft.global.stats_maxconn = *value;
}

constexpr Row rows[] = {
    {"stats socket", in_global, honoured, socket, "where the runtime API listens"},
    {"stats timeout", in_global, honoured, timeout, "how long its clients may be silent"},
    {"stats maxconn", in_global, honoured, maxconn, "its clients at once"},
    inert_row("stats bind-process", in_global, "pgsteer is one process"),

    {"stats enable", in_proxy, honoured, enable, "serve the stats page"},
    {"stats uri", in_proxy, honoured, uri, "where the page is"},
    {"stats refresh", in_proxy, honoured, refresh, "reload the page by itself"},
    {"stats auth", in_proxy, honoured, auth, "who may see the page"},
    {"stats realm", in_proxy, honoured, realm, "what the browser says when it asks"},
    {"stats hide-version", in_proxy, honoured, hide_version, "do not tell the version"},
    {"stats show-node", in_proxy, honoured, show_node, "tell the node's name"},
    {"stats show-legends", in_proxy, honoured, show_legends, "tell more on every row"},
    {"stats show-desc", in_proxy, honoured, show_desc, "tell the description"},
    {"http-request use-service", in_proxy, honoured, use_service,
     "prometheus-exporter [if { path /metrics }]: metrics as HAProxy's exporter has them"},
    inert_row("stats show-modules", in_proxy, "there are no modules"),
    {"stats admin", in_frontend | in_listen | in_backend, honoured, admin,
     "who may change servers on the page: if or unless a condition holds"},
    {"stats scope", in_proxy, honoured, scope, "show this section alone; '.' is the page's own"},
    {"stats http-request", in_frontend | in_listen | in_backend, honoured, http_request,
     "allow, deny or auth [realm TEXT], if a condition holds: who may see the page"},
};

}  // namespace

std::span<const Row> stats_rows() {
    return rows;
}

}  // namespace pgsteer::config
