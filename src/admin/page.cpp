#include "admin/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <utility>
#include <vector>

#include "admin/assets.h"
#include "admin/metrics.h"
#include "admin/stat_views.h"
#include "http/percent.h"

namespace pgsteer::admin {
namespace {

http::Response plain_answer(int status, std::string reason, std::string body) {
    http::Response response;
    response.status = status;
    response.reason = std::move(reason);
    response.body = std::move(body);
    return response;
}

http::Response ask_for_password(std::string realm) {
    auto response = plain_answer(401, "Unauthorized", "A user and a password are needed.\n");
    std::erase_if(realm, [](char c) { return c == '"' || c == '\\' || c < ' '; });
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"" + realm + "\"");
    return response;
}

// Nothing is loaded from elsewhere, nothing inline is run, nobody frames us. Where forms came from
// is told to ourselves alone; without it the check for other sites' forms had nothing to look at.
void secure(http::Response& response) {
    constexpr std::pair<std::string_view, std::string_view> headers[] = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
         "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"}};
    for (const auto& [name, value] : headers)
        response.headers.emplace_back(name, value);
}

// What was asked for after the page's own address; nothing when it is another address.
std::optional<std::string> after_uri(const config::StatsPage& page, const http::Request& request) {
    std::string whole = request.path;
    if (!request.query.empty()) whole += "?" + request.query;
    const std::string& uri = page.uri;
    const auto question = uri.find('?');
    const bool own_query = question != std::string::npos;
    if (!whole.starts_with(uri)) {
        // "/haproxy?stats" is asked for as "/haproxy" by people who know no better.
        if (own_query && whole == uri.substr(0, question)) return "";
        return std::nullopt;
    }
    const std::string rest = whole.substr(uri.size());
    if (rest.empty() || rest[0] == ';' || rest[0] == '?') return rest;
    // As a form's first field: "/haproxy?stats=&scope=x".
    if (own_query && (rest[0] == '&' || rest.starts_with("=&"))) return rest;
    return std::nullopt;
}

bool asks_for_metrics(const config::StatsPage& page, const http::Request& request) {
    const std::string path = page.metrics_path.value_or("/metrics");
    if (path.empty()) return !page.page || request.path == "/metrics";
    return page.metrics_prefix ? request.path.starts_with(path) : request.path == path;
}

bool may_be_shown(const std::vector<std::string>& scope, const std::string& filter,
                  const std::string& name) {
    if (!scope.empty() && std::find(scope.begin(), scope.end(), name) == scope.end()) return false;
    return name.find(filter) != std::string::npos;
}

}  // namespace

// Words after the page's address, each after ';', '?' or '&' (manual, "stats uri").
struct Page::Wanted {
    explicit Wanted(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find_first_of(";?&"), text.size());
            words.emplace_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }
    bool has(std::string_view word) const {
        return std::any_of(words.begin(), words.end(), [word](const std::string& one) {
            return one == word ||
                   (one.starts_with(word) && one.size() == word.size() + 1 && one.back() == '=');
        });
    }
    std::string value(std::string_view name) const {
        for (const std::string& word : words)
            if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=')
                return http::percent_decode(std::string_view(word).substr(name.size() + 1));
        return "";
    }
    std::vector<std::string> words;
};

Page::Page(PageParts parts)
    : parts_(std::move(parts)),
      access_(parts_.page, parts_.token, parts_.host_name),
      for_admins_(parts_.executor, [this] { return all(true); }),
      for_others_(parts_.executor, [this] { return all(false); }) {}

http::Response Page::answer(const http::Request& request) {
    const auto words = parts_.page.page ? after_uri(parts_.page, request) : std::nullopt;
    const bool metrics = !words && asks_for_metrics(parts_.page, request);
    http::Response response;
    if (!words && !metrics) {
        response =
            plain_answer(404, "Not Found", "The status page is at " + parts_.page.uri + "\n");
    } else if (metrics && parts_.page.metrics_path) {
        // A rule for metrics comes before the page's password, as in HAProxy.
        response = metrics_page(parts_.snapshot(), request);
    } else {
        const Admission admission = access_.admit(request, Clock::now());
        if (admission.verdict == Admission::Verdict::asks_password)
            response = ask_for_password(admission.realm);
        else if (admission.verdict == Admission::Verdict::denied)
            response = plain_answer(403, "Forbidden", "You may not see this page.\n");
        else if (metrics)
            response = metrics_page(parts_.snapshot(), request);
        else
            response = answer_page(request, Wanted(*words), admission);
    }
    secure(response);
    return response;
}

http::Response Page::answer_page(const http::Request& request, const Wanted& wanted,
                                 const Admission& admission) {
    if (request.method == "POST") return change(request, wanted, admission);
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = plain_answer(405, "Method Not Allowed", "Use GET, HEAD or POST.\n");
        response.headers.emplace_back("Allow", "GET, HEAD, POST");
        return response;
    }
    for (const Asset& asset : assets())
        if (wanted.has(asset.name)) {
            auto response = plain_answer(200, "OK", std::string(asset.content));
            response.content_type = asset.type;
            return response;
        }
    if (wanted.has("live")) return stream(request, wanted, admission.admin);
    StatFilter filter;
    filter.up_only = wanted.has("up");
    filter.hide_maintenance = wanted.has("no-maint");
    filter.legends = parts_.page.show_legends;
    if (wanted.has("csv")) return plain_answer(200, "OK", stat_csv(shown(wanted), filter));
    if (wanted.has("typed"))
        return plain_answer(200, "OK", stat_typed(shown(wanted), filter, false));
    if (wanted.has("json") || wanted.has("json-schema")) {
        auto response = plain_answer(
            200, "OK", wanted.has("json") ? stat_json(shown(wanted), filter) : schema_json());
        response.content_type = "application/json";
        return response;
    }
    return document(wanted, admission.admin);
}

// A copy without what this page, or this look at it, leaves out.
Snapshot Page::shown(const Wanted& wanted) const {
    Snapshot snapshot = parts_.snapshot();
    const auto& scope = parts_.page.scope;
    const std::string filter = wanted.value("scope");
    if (scope.empty() && filter.empty()) return snapshot;
    const auto hidden = [&](const ProxyLine& line) {
        return !may_be_shown(scope, filter, line.name);
    };
    std::erase_if(snapshot.frontends, hidden);
    std::erase_if(snapshot.backends, hidden);
    std::erase_if(snapshot.failovers, [&](const Failover& failover) {
        return !may_be_shown(scope, filter, failover.backend);
    });
    for (ProxyLine& front : snapshot.frontends)
        std::erase_if(front.ways,
                      [&](const Way& way) { return !may_be_shown(scope, filter, way.backend); });
    return snapshot;
}

Pieces Page::all(bool admin) const {
    const Snapshot snapshot = shown(Wanted(""));
    return page_pieces({snapshot, parts_.page, admin, access_.token()});
}

http::Response Page::document(const Wanted& wanted, bool admin) {
    Snapshot snapshot = shown(wanted);
    PageView view{snapshot, parts_.page, admin, access_.token()};
    view.refresh = !wanted.has("norefresh");
    view.filter = wanted.value("scope");
    view.result = wanted.value("st");
    const bool only_up = wanted.has("up");
    const bool no_maintenance = wanted.has("no-maint");
    if (only_up || no_maintenance)
        for (ProxyLine& backend : snapshot.backends)
            std::erase_if(backend.servers, [&](const ServerLine& server) {
                return (only_up && !server.accepts && !server.view.draining) ||
                       (no_maintenance && server.view.maintenance);
            });
    view.live = view.refresh && view.filter.empty() && !only_up && !no_maintenance;
    const Pieces pieces = page_pieces(view);
    const std::uint64_t version = view.live ? live(admin).take(pieces, Clock::now()) : 0;
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = page_document(view, pieces, version);
    return response;
}

http::Response Page::stream(const http::Request& request, const Wanted& wanted, bool admin) {
    // A browser that comes back says what it has seen last.
    const std::string* const last = request.header("last-event-id");
    const std::string text = last != nullptr ? *last : wanted.value("seen");
    std::uint64_t seen = 0;
    std::from_chars(text.data(), text.data() + text.size(), seen);
    return live(admin).open(seen);
}

http::Response Page::change(const http::Request& request, const Wanted& wanted,
                            const Admission& admission) {
    const auto see = [&](std::string_view word) {
        auto response = plain_answer(303, "See Other", "");
        response.headers.emplace_back(
            "Location",
            link(parts_.page, fmt::format(";st={}{}{}", word, wanted.has("up") ? ";up" : "",
                                          wanted.has("norefresh") ? ";norefresh" : "")));
        return response;
    };
    const std::string* const type = request.header("content-type");
    if (type != nullptr && !type->starts_with("application/x-www-form-urlencoded"))
        return plain_answer(415, "Unsupported Media Type", "Send a form.\n");
    const Order order = read_order(request.body);
    if (const auto why = access_.distrust(request, order.token, admission.recognised))
        return plain_answer(403, "Forbidden", "Nothing was changed. " + *why + "\n");
    if (!admission.admin) return see("DENY");
    const auto& scope = parts_.page.scope;
    const Snapshot snapshot = shown(Wanted(""));
    const bool known =
        std::any_of(snapshot.backends.begin(), snapshot.backends.end(), [&](const ProxyLine& line) {
            return order.backend == line.name || order.backend == fmt::format("#{}", line.id);
        });
    if (!scope.empty() && !known) return see("ERRP");
    const ActionRow* const action = order_action(order.action);
    // A script means what it says; a person who hit the wrong line is asked.
    const bool asks = action != nullptr && action->irrevocable && !order.confirmed &&
                      !order.token.empty() && !order.servers.empty() && known;
    if (!asks) return see(parts_.carry_out(order));
    auto response = plain_answer(
        200, "OK", confirmation({snapshot, parts_.page, true, access_.token(), false}, order));
    response.content_type = "text/html; charset=utf-8";
    return response;
}

void Page::changed() {
    for_admins_.changed();
    for_others_.changed();
}

std::string fresh_token() {
    std::random_device device;
    std::string token;
    for (int i = 0; i < 4; ++i)
        token += fmt::format("{:08x}", device());
    return token;
}

}  // namespace pgsteer::admin
