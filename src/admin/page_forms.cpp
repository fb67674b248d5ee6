// Which form of the statistics a request asks for. HAProxy's way (manual, "stats uri"): words after
// the page's path, each after ';' or as its query.
#include <algorithm>
#include <boost/beast/core/detail/base64.hpp>
#include <cctype>
#include <utility>

#include "admin/metrics.h"
#include "admin/page.h"
#include "admin/stat_views.h"

namespace pgsteer::admin {
namespace {

std::string lower(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

// Takes the same time whether the first or the last byte differs.
bool same_secret(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference |=
            static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^
                                  static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]));
    return difference == 0;
}

bool may_see(const config::StatsPage& page, const http::Request& request) {
    if (page.users.empty()) return true;
    constexpr std::string_view scheme = "basic ";  // in any case (RFC 9110, 11.1)
    namespace base64 = boost::beast::detail::base64;
    if (!lower(request.authorization).starts_with(scheme)) return false;
    const std::string coded = request.authorization.substr(scheme.size());
    // Beast counts whole groups of four and writes what a last, shorter one holds, too.
    std::string plain(base64::decoded_size(coded.size() + 3), '\0');
    plain.resize(base64::decode(plain.data(), coded.data(), coded.size()).first);
    return std::any_of(page.users.begin(), page.users.end(),
                       [&](const std::string& user) { return same_secret(plain, user); });
}

http::Response plain_answer(int status, std::string reason, std::string body) {
    http::Response response;
    response.status = status;
    response.reason = std::move(reason);
    response.body = std::move(body);
    return response;
}

http::Response ask_for_password(const config::StatsPage& page) {
    auto response = plain_answer(401, "Unauthorized", "A user and a password are needed.\n");
    std::string realm = page.realm.value_or("pgsteer");
    std::erase_if(realm, [](char c) { return c == '"' || c == '\\' || c < ' '; });
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"" + realm + "\"");
    return response;
}

// What was asked for after the page's own address; nothing when it is another address.
std::optional<std::string> after_uri(const config::StatsPage& page, const http::Request& request) {
    std::string whole = request.path;
    if (!request.query.empty()) whole += "?" + request.query;
    const bool own_query = page.uri.find('?') != std::string::npos;
    const std::string& uri = page.uri;
    if (!whole.starts_with(uri)) {
        // "/haproxy?stats" is asked for as "/haproxy" by people who know no better.
        if (own_query && request.path == uri.substr(0, uri.find('?'))) return "";
        return std::nullopt;
    }
    const std::string rest = whole.substr(uri.size());
    if (rest.empty() || rest[0] == ';' || rest[0] == '?') return rest;
    return std::nullopt;
}

bool wants(std::string_view words, std::string_view word) {
    const auto found = words.find(word);
    if (found == std::string_view::npos || found == 0) return false;
    const char before = words[found - 1];
    const auto end = found + word.size();
    return (before == ';' || before == '?' || before == '&') &&
           (end == words.size() || std::string_view(";&=").find(words[end]) != words.npos);
}

bool asks_for_metrics(const config::StatsPage& page, const http::Request& request) {
    const std::string path = page.metrics_path.value_or("/metrics");
    if (path.empty()) return !page.page || request.path == "/metrics";
    return page.metrics_prefix ? request.path.starts_with(path) : request.path == path;
}

}  // namespace

http::Response answer_page(const Snapshot& snapshot, const config::StatsPage& page,
                           const http::Request& request) {
    const auto words = page.page ? after_uri(page, request) : std::nullopt;
    const bool metrics = !words && asks_for_metrics(page, request);
    if (!words && !metrics)
        return plain_answer(404, "Not Found", "The status page is at " + page.uri + "\n");
    // A rule for metrics comes before the page's password, as in HAProxy.
    const bool open = metrics && page.metrics_path.has_value();
    if (!open && !may_see(page, request)) return ask_for_password(page);
    if (metrics) return metrics_page(snapshot, request);
    StatFilter filter;
    filter.up_only = wants(*words, "up");
    filter.hide_maintenance = wants(*words, "no-maint");
    filter.legends = page.show_legends;
    if (wants(*words, "csv")) return plain_answer(200, "OK", stat_csv(snapshot, filter));
    if (wants(*words, "typed")) return plain_answer(200, "OK", stat_typed(snapshot, filter, false));
    if (wants(*words, "json") || wants(*words, "json-schema")) {
        auto response = plain_answer(
            200, "OK", wants(*words, "json") ? stat_json(snapshot, filter) : schema_json());
        response.content_type = "application/json";
        return response;
    }
    config::StatsPage shown = page;
    if (wants(*words, "norefresh")) shown.refresh = seconds(0);
    return stats_page(snapshot, shown, request);
}

}  // namespace pgsteer::admin
