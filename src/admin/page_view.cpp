#include "admin/page_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "admin/html.h"

namespace pgsteer::admin {
namespace {

// Signs that are told apart by their shape: drawn once, used everywhere.
constexpr std::string_view signs =
    "<svg class=unseen aria-hidden=true focusable=false>"
    "<symbol id=s-good viewBox=\"0 0 18 18\"><circle class=fill cx=9 cy=9 r=8 />"
    "<path class=mark d=\"M5 9.5 8 12.3 13 6.2\" /></symbol>"
    "<symbol id=s-idle viewBox=\"0 0 18 18\"><circle class=ring cx=9 cy=9 r=6.8 />"
    "<circle class=fill cx=9 cy=9 r=2.6 /></symbol>"
    "<symbol id=s-busy viewBox=\"0 0 18 18\"><path class=fill d=\"M9 1 17.5 16.5H.5z\" />"
    "<path class=mark d=\"M9 6.5V11M9 13.4V14.4\" /></symbol>"
    "<symbol id=s-bad viewBox=\"0 0 18 18\"><rect class=fill x=1 y=1 width=16 height=16 rx=3 />"
    "<path class=mark d=\"M5.5 5.5 12.5 12.5M12.5 5.5 5.5 12.5\" /></symbol>"
    "<symbol id=s-fenced viewBox=\"0 0 18 18\"><path class=fill d=\"M5.5.8H12.5L17.2 5.5V12.5L12.5 "
    "17.2H5.5L.8 12.5V5.5z\" /><path class=mark d=\"M4.6 9H13.4\" /></symbol>"
    "<symbol id=s-off viewBox=\"0 0 18 18\"><rect class=ring x=1.8 y=1.8 width=14.4 height=14.4 "
    "rx=3 /><path class=bars d=\"M6.8 5.5V12.5M11.2 5.5V12.5\" /></symbol>"
    "<symbol id=s-unknown viewBox=\"0 0 18 18\"><circle class=\"ring dots\" cx=9 cy=9 r=7 />"
    "<path class=bars d=\"M6.8 7.2A2.2 2.2 0 1 1 9.6 9.3Q9 9.6 9 10.6M9 13V13.4\" /></symbol>"
    "</svg>";

std::string limit_text(std::uint32_t limit) {
    return limit == 0 ? "" : " of " + count_text(limit);
}

std::string heading(const PageView& view) {
    const Snapshot& snapshot = view.snapshot;
    const std::string node = view.page.node.value_or(snapshot.node);
    std::string out = "<header><h1>pgsteer";
    if (view.page.show_node && !node.empty()) out += " <span>on " + escape(node) + "</span>";
    out += "</h1>";
    if (view.page.description) out += "<p>" + escape(*view.page.description) + "</p>";
    return out;
}

std::string facts(const PageView& view) {
    const Snapshot& snapshot = view.snapshot;
    std::string out = "<p id=facts>";
    fmt::format_to(std::back_inserter(out), "{}{} sessions · {} a second · {} in all",
                   count_text(snapshot.sessions), limit_text(snapshot.limit),
                   count_text(snapshot.rate), count_text(snapshot.total));
    fmt::format_to(std::back_inserter(out), " · up for {}",
                   age_mark(snapshot.at - snapshot.uptime));
    if (snapshot.stopping) out += " · <strong>stopping</strong>";
    return out + "</p>";
}

std::string result_line(const PageView& view) {
    const OrderResult* const result = order_result(view.result);
    if (result == nullptr) return "";
    return fmt::format("<p class=\"result t-{}\" role=status>{}{} <a href=\"{}\">Dismiss</a></p>",
                       result->good ? "good" : "bad", sign(result->good ? Tone::good : Tone::bad),
                       result->text, escape(link(view.page, "")));
}

std::string filter_form(const PageView& view) {
    // Few sections are found without.
    constexpr std::size_t few = 6;
    if (view.snapshot.backends.size() <= few && view.filter.empty()) return "";
    std::string fields;
    // A page at "/haproxy?stats" keeps its own query in front of the form's.
    const std::string& uri = view.page.uri;
    if (const auto mark = uri.find('?'); mark != std::string::npos)
        fields = fmt::format("<input type=hidden name=\"{}\">", escape(uri.substr(mark + 1)));
    return fmt::format(
        "<form class=change method=get action=\"{}\" role=search><label for=scope>Sections whose "
        "name holds</label>{}<input id=scope name=scope value=\"{}\" maxlength=64><button>Show"
        "</button></form>",
        escape(uri.substr(0, uri.find('?'))), fields, escape(view.filter));
}

std::string foot(const PageView& view) {
    const config::StatsPage& page = view.page;
    std::string out = "<footer><ul class=signs aria-label=\"What the signs mean\">";
    constexpr std::pair<Tone, std::string_view> meanings[] = {
        {Tone::good, "takes sessions"},
        {Tone::idle, "healthy, not for this listener"},
        {Tone::busy, "keeps its sessions, gets no new ones"},
        {Tone::bad, "down"},
        {Tone::fenced, "fenced: says primary, may not be used"},
        {Tone::off, "taken out by an operator"},
        {Tone::unknown, "not judged yet"}};
    for (const auto& [tone, meaning] : meanings)
        out += fmt::format("<li class=t-{}>{}{}</li>", word(tone), sign(tone), meaning);
    out += fmt::format(
        "</ul><p><a href=\"{}\">CSV</a> <a href=\"{}\">JSON</a> <a href=\"{}\">typed</a></p>",
        escape(link(page, ";csv")), escape(link(page, ";json")), escape(link(page, ";typed")));
    if (!page.hide_version)
        out += fmt::format("<p>pgsteer {}, {} worker threads, process {}</p>",
                           escape(view.snapshot.version), view.snapshot.workers, view.snapshot.pid);
    return out + "</footer>";
}

std::string head(const PageView& view) {
    const config::StatsPage& page = view.page;
    std::string out = fmt::format(
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><meta name=viewport "
        "content=\"width=device-width,initial-scale=1\"><meta name=color-scheme content=\"light "
        "dark\"><title>pgsteer{}</title><link rel=icon href=\"{}\"><link rel=stylesheet "
        "href=\"{}\">",
        page.show_node ? " on " + escape(page.node.value_or(view.snapshot.node)) : "",
        escape(link(page, ";icon.svg")), escape(link(page, ";page.css")));
    if (view.refresh && page.refresh && page.refresh->count() > 0)
        out += fmt::format("<noscript><meta http-equiv=refresh content={}></noscript>",
                           page.refresh->count());
    return out;
}

}  // namespace

std::string link(const config::StatsPage& page, std::string_view words) {
    return page.uri + std::string(words);
}

Pieces page_pieces(const PageView& view) {
    Pieces pieces;
    const auto add = [&](Pieces more) {
        std::move(more.begin(), more.end(), std::back_inserter(pieces));
    };
    add(cluster_pieces(view));
    add(history_pieces(view));
    for (const ProxyLine& backend : view.snapshot.backends)
        if (!backend.http) add(backend_pieces(view, backend));
    add(frontend_pieces(view));
    pieces.push_back({"facts", facts(view)});
    return pieces;
}

std::string page_document(const PageView& view, const Pieces& pieces, std::uint64_t version) {
    const double now = std::chrono::duration<double>(view.snapshot.at.time_since_epoch()).count();
    std::string out = head(view);
    const std::string source =
        view.live ? fmt::format(" data-live=\"{}\"", escape(link(view.page, ";live"))) : "";
    const auto pause = view.page.refresh.value_or(seconds(5)).count();
    out += fmt::format(
        "<script src=\"{}\" defer></script></head><body data-now=\"{:.3f}\" data-version=\"{}\" "
        "data-refresh=\"{}\"{}><a class=skip href=\"#main\">To the content</a>",
        escape(link(view.page, ";page.js")), now, version, view.refresh ? pause : 0, source);
    std::string body;
    // The last piece, facts about the process, stands in the header.
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i)
        body += pieces[i].html;
    out += signs;
    out += heading(view) + complete(pieces.back().html, view.snapshot.at, Ages::in_words);
    out += "<p class=live hidden><span id=live></span></p></header><main id=main tabindex=-1>";
    out += result_line(view) + filter_form(view);
    out += complete(body, view.snapshot.at, Ages::in_words);
    out += "</main><p class=unseen id=news role=status aria-live=polite></p>" + foot(view);
    return out + "</body></html>\n";
}

std::string confirmation(const PageView& view, const Order& order) {
    std::string backend = order.backend;
    std::uint64_t sessions = 0;
    for (const ProxyLine& line : view.snapshot.backends) {
        if (order.backend != line.name && order.backend != fmt::format("#{}", line.id)) continue;
        backend = line.name;
        for (const ServerLine& server : line.servers)
            if (std::find(order.servers.begin(), order.servers.end(), server.view.name) !=
                order.servers.end())
                sessions += server.sessions;
    }
    std::string servers;
    std::string fields;
    for (const std::string& name : order.servers) {
        servers += (servers.empty() ? "" : ", ") + escape(name);
        fields += fmt::format("<input type=hidden name=s value=\"{}\">", escape(name));
    }
    return head(view) +
           fmt::format(
               "</head><body>{}<main id=main class=ask><h1>Cut sessions?</h1><p>{}<strong>{} "
               "sessions</strong> of {} in {} would end now. This cannot be taken "
               "back.</p><form method=post action=\"{}\">{}<input type=hidden name=b "
               "value=\"{}\"><input type=hidden name=action value={}><input type=hidden "
               "name=token value=\"{}\"><input type=hidden name=confirm value=yes>"
               "<button class=grave>Cut them</button> <a class=button href=\"{}\">Keep "
               "them</a></form></main></body></html>\n",
               signs, sign(Tone::busy), count_text(sessions), servers, escape(backend),
               escape(link(view.page, "")), fields, escape(order.backend), escape(order.action),
               escape(view.token), escape(link(view.page, "")));
}

}  // namespace pgsteer::admin
