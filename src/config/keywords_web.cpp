// Keywords of the proxy sections that need HTTP. In mode tcp HAProxy says that it ignores them, and
// so does pgsteer; in mode http they are about the stats page, where rules must not be lost.
#include <algorithm>

#include "config/keywords.h"

namespace pgsteer::config {
namespace {

constexpr std::string_view no_web = "there is no HTTP to relay";

void note(Line& line, WebLine::Kind kind, unsigned where) {
    auto& web = line.proxy->web;
    std::erase_if(web, [&](const WebLine& known) { return known.keyword == line.keyword; });
    if (!line.negated) web.push_back({line.keyword, kind, where, line.at});
}

template <WebLine::Kind kind, unsigned where = in_proxy>
void keep(Line& line, Words) {
    note(line, kind, where);
}

constexpr Row web(std::string_view name, unsigned where, void (*parse)(Line&, Words)) {
    return {name, where, KeywordClass::inert, parse, {}, no_web, {}};
}

using Kind = WebLine::Kind;
constexpr Row rows[] = {
    web("cookie", in_back, keep<Kind::word, in_back>),
    web("http-after-response", in_proxy, keep<Kind::rules>),
    web("http-request", in_proxy, keep<Kind::refused_rules>),
    web("http-response", in_proxy, keep<Kind::rules>),
    web("monitor-uri", in_front, keep<Kind::refused_word, in_front>),
    web("option checkcache", in_back, keep<Kind::option, in_back>),
    web("option disable-h2-upgrade", in_front, keep<Kind::option, in_front>),
    web("option forwardfor", in_proxy, keep<Kind::option>),
    web("option http-buffer-request", in_proxy, keep<Kind::option>),
    web("option http-ignore-probes", in_front, keep<Kind::option, in_front>),
    web("option http-no-delay", in_proxy, keep<Kind::option>),
    web("option originalto", in_proxy, keep<Kind::option>),
    web("option prefer-last-server", in_back, keep<Kind::option, in_back>),
    web("redirect", in_proxy, keep<Kind::rules>),
};

std::string ignored(const WebLine& line, const Proxy& proxy) {
    const std::string keyword(line.keyword);
    if (line.kind == Kind::balance)
        return "Layer 7 hash not possible for proxy '" + proxy.name +
               "' (needs 'mode http'). Falling back to round robin.";
    if (line.kind == Kind::word || line.kind == Kind::refused_word)
        return keyword + " will be ignored for proxy '" + proxy.name + "' (needs 'mode http').";
    if (line.kind == Kind::option)
        return "'" + keyword + "' ignored for proxy '" + proxy.name + "' as it requires HTTP mode.";
    return "'" + keyword + "' rules ignored for proxy '" + proxy.name +
           "' as they require HTTP mode.";
}

}  // namespace

std::span<const Row> web_rows() {
    return rows;
}

void keep_web_balance(Line& line) {
    note(line, Kind::balance, in_back);
}

void settle_web_lines(Draft& draft, const Proxy& proxy) {
    for (const WebLine& line : proxy.web) {
        if ((line.where & proxy.section) == 0) continue;
        if (!proxy.http_mode)
            draft.warning(line.at, ignored(line, proxy));
        else if (line.kind == Kind::refused_rules || line.kind == Kind::refused_word)
            draft.alert(line.at, "'" + std::string(line.keyword) +
                                     "' : not supported on the stats page: it serves the page "
                                     "alone; use 'stats http-request', or remove the line");
    }
}

}  // namespace pgsteer::config
