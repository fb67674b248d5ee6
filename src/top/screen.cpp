#include "top/screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "top/body.h"

namespace pgsteer::top {
namespace {

Line line_of(std::string text, Ink ink, std::size_t width) {
    return {{{fitted(text, width), ink}}, false};
}

Line bar(const std::string& left, const std::string& right, std::size_t width) {
    const std::string begin = fitted(left, width);
    const std::size_t room = width - width_of(begin);
    const std::string end = room > width_of(right) ? right : "";
    return {{{begin + std::string(room - width_of(end), ' ') + end, Ink::bar}}, false};
}

std::string page_text(const View& view) {
    constexpr const char* names[] = {"servers", "sessions", "events", "help"};
    std::string text = names[static_cast<std::size_t>(view.page)];
    if (const auto sorts = sort_names(view.page); !sorts.empty()) {
        const std::size_t chosen =
            view.page == Page::servers ? view.sort_servers : view.sort_sessions;
        text += fmt::format(" by {}{}", sorts[chosen], view.reversed ? ", reversed" : "");
    }
    if (!view.filter.empty()) text += fmt::format(" with '{}'", view.filter);
    return text;
}

std::vector<Line> head(const Picture& picture, const View& view, const std::string& socket,
                       std::size_t width) {
    const bool known = !picture.level.empty();
    std::vector<Line> lines{bar(known
                                    ? fmt::format(" pgsteer {} on {}, up {} ", picture.version,
                                                  picture.node, short_time(picture.uptime.count()))
                                    : " pgsteer top ",
                                fmt::format(" {} ", socket), width)};
    if (!view.away.empty()) {
        lines.push_back(line_of("The router is away: " + view.away, Ink::bad, width));
        lines.push_back(line_of(known
                                    ? "Below is what it said last. It is asked again all the time."
                                    : "It is asked again all the time.",
                                Ink::warn, width));
        return lines;
    }
    if (!known) {
        lines.push_back(line_of("asking the router ...", Ink::dim, width));
        lines.push_back({});
        return lines;
    }
    Line facts{{{picture.whole ? "whole" : "NOT WHOLE", picture.whole ? Ink::good : Ink::bad}},
               false};
    const std::string text =
        fmt::format("  {} sessions of {}, {} new/s, {} waiting, level {}", picture.sessions,
                    picture.most_sessions, picture.rate, picture.waiting, picture.level);
    facts.spans.push_back(
        {fitted(text, width - std::min(width, width_of(facts.spans.front().text))), Ink::plain});
    lines.push_back(std::move(facts));
    lines.push_back(line_of(page_text(view) + (view.paused ? "   PAUSED" : ""),
                            view.paused ? Ink::warn : Ink::dim, width));
    return lines;
}

std::string said(const Picture& picture, const View& view) {
    switch (view.mode) {
        case Mode::filtering:
            return fmt::format("show only what holds: {}_", view.typed);
        case Mode::weighing: {
            const auto item = selected_item(picture, view);
            return fmt::format("weight of {}: {}_", item ? item->key : "", view.typed);
        }
        case Mode::confirming:
            return fmt::format("{}? {} [y/N]", view.order->words, view.order->question);
        case Mode::looking:
            break;
    }
    return view.message;
}

// What is said or asked, whole: an answer that is cut off explains nothing.
std::vector<Line> said_lines(const Picture& picture, const View& view, std::size_t width) {
    constexpr std::size_t most_lines = 3;
    const Ink ink = view.mode == Mode::confirming ? Ink::warn
                    : view.mode != Mode::looking  ? Ink::strong
                    : view.message_is_bad         ? Ink::bad
                                                  : Ink::good;
    std::vector<Line> lines;
    std::string rest = said(picture, view);
    while (width_of(rest) > width && lines.size() + 1 < most_lines) {
        std::string piece = fitted(rest, width);
        piece.pop_back();  // the sign that something is missing
        const std::size_t blank = piece.rfind(' ');
        if (blank != std::string::npos && blank > 0) piece.resize(blank + 1);
        rest.erase(0, piece.size());
        lines.push_back({{{std::move(piece), ink}}, false});
    }
    lines.push_back(line_of(rest, ink, width));
    return lines;
}

Line keys(const View& view, std::size_t width) {
    const char* text =
        view.mode == Mode::confirming ? " y:yes  any other key:no"
        : view.mode != Mode::looking  ? " Enter:take it  Esc:leave it"
        : view.page == Page::sessions
            ? " h:help Tab:page s:sort i:reverse /:filter c:cut p:pause q:quit"
        : view.page == Page::servers
            ? " h:help Tab:page s:sort /:filter d:drain m:maint r:ready c:cut w:weight q:quit"
            : " h:help Tab:page p:pause q:quit";
    return bar(text, "", width);
}

}  // namespace

std::vector<Line> screen(const Picture& picture, const View& view, const std::string& socket,
                         Size size) {
    auto lines = head(picture, view, socket, size.width);
    auto foot = said_lines(picture, view, size.width);
    foot.push_back(keys(view, size.width));
    const std::size_t room = size.height - std::min(size.height, lines.size() + foot.size());
    const std::size_t before_foot = lines.size() + room;
    for (Line& line : body(picture, view, size.width, room)) {
        if (!view.away.empty())
            for (Span& span : line.spans)
                span.ink = Ink::dim;
        lines.push_back(std::move(line));
    }
    lines.resize(before_foot);
    lines.insert(lines.end(), foot.begin(), foot.end());
    // A terminal of a few lines: what is asked and the keys matter most.
    if (lines.size() > size.height)
        lines.erase(lines.begin(),
                    lines.begin() + static_cast<std::ptrdiff_t>(lines.size() - size.height));
    return lines;
}

std::vector<Line> printout(const Picture& picture, const View& view, const std::string& socket,
                           std::size_t width) {
    auto lines = head(picture, view, socket, width);
    lines.pop_back();  // how the page is sorted
    lines.push_back({});
    for (const Page page : {Page::servers, Page::events}) {
        View one = view;
        one.page = page;
        for (Line& line : body(picture, one, width, std::numeric_limits<std::size_t>::max()))
            lines.push_back(std::move(line));
        lines.push_back({});
    }
    lines.pop_back();
    return lines;
}

}  // namespace pgsteer::top
