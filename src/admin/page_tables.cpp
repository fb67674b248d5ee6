// The page's tables: every listener, every server of every backend, and the forms to change them.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "admin/html.h"
#include "admin/page_view.h"

namespace pgsteer::admin {
namespace {

std::string of_limit(std::uint64_t number, std::uint32_t limit) {
    return count_text(number) + (limit == 0 ? "" : "<small> / " + count_text(limit) + "</small>");
}

std::string with_most(std::uint64_t now, std::uint64_t most) {
    return fmt::format("<span title=\"{} at most\">{}</span>", count_text(most), count_text(now));
}

std::string number_cell(const std::string& html) {
    return "<td class=n>" + html + "</td>";
}

std::string state_cell(const ServerLine& server) {
    const Face face = face_of(server);
    std::string out = fmt::format("<td class=\"state t-{}\" title=\"{}\">{}{}", word(face.tone),
                                  escape(server.view.state), sign(face.tone), escape(face.state));
    // A server without a check never changed.
    if (server.view.last_change != TimePoint{})
        out += "<small> for " + age_mark(server.view.last_change) + "</small>";
    if (!face.reason.empty()) out += "<p class=why>" + escape(face.reason) + "</p>";
    return out + "</td>";
}

std::string role_cell(const ServerLine& server) {
    const health::ServerView& view = server.view;
    if (view.role == health::Role::unknown) return "<td><span class=none>unknown</span></td>";
    std::string out = "<td>" + std::string(word(view.role));
    if (view.node && view.node->timeline)
        out += fmt::format("<small> timeline {}</small>",
                           static_cast<std::uint32_t>(*view.node->timeline));
    if (view.role == health::Role::standby && (view.lag.bytes || view.lag.time))
        out += "<small> lag " +
               (view.lag.bytes ? bytes_text(*view.lag.bytes) : span_text(*view.lag.time)) +
               "</small>";
    return out + "</td>";
}

std::string errors_cell(const Numbers& numbers) {
    std::string out;
    const auto add = [&](std::uint64_t number, std::string_view what) {
        if (number == 0) return;
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", count_text(number), what);
    };
    add(numbers.connect_errors, "failed");
    add(numbers.retries, "retried");
    add(numbers.cut, "cut");
    return out.empty() ? "<td><span class=none>none</span></td>" : "<td>" + out + "</td>";
}

std::string check_cell(const ServerLine& server) {
    const health::ServerView& view = server.view;
    if (view.check_word.empty())
        return "<td><span class=none>" + std::string(view.checked ? "not yet" : "no check") +
               "</span></td>";
    std::string code = view.check_code > 0 ? fmt::format("/{}", view.check_code) : "";
    return fmt::format(
        "<td title=\"{}\">{}{} in {}<small>, {} ago</small></td>",
        escape(view.check_words + (view.check_text.empty() ? "" : ": ") + view.check_text),
        escape(view.check_word), code, span_text(view.check_latency), age_mark(view.last_check));
}

std::string down_cell(const ServerLine& server) {
    if (server.view.times_down == 0 && server.view.downtime < seconds(1))
        return "<td><span class=none>never</span></td>";
    return fmt::format("<td>{}×<small>, {} in all</small></td>", server.view.times_down,
                       span_text(std::chrono::floor<seconds>(server.view.downtime)));
}

std::string row_id(const ProxyLine& backend, const ServerLine& server) {
    return fmt::format("r{}-{}", backend.id, server.id);
}

std::string server_row(const PageView& view, const ProxyLine& backend, const ServerLine& server) {
    const std::string name = escape(server.view.name);
    std::string out = fmt::format("<tr id={}>", row_id(backend, server));
    if (view.admin)
        out += fmt::format(
            "<td class=pick><input type=checkbox name=s value=\"{0}\" form=f{1} "
            "aria-label=\"Choose {0}\"></td>",
            name, backend.id);
    out += "<th scope=row>" + name;
    if (server.backup) out += "<small> backup</small>";
    if (view.page.show_legends)
        out +=
            fmt::format("<small class=where>{}, id {}</small>", escape(server.address), server.id);
    out += "</th>" + state_cell(server) + role_cell(server);
    out += number_cell(of_limit(server.sessions, server.limit));
    out += number_cell(with_most(server.rate, server.most_rate));
    out += number_cell(count_text(server.total));
    out += number_cell(bytes_text(server.bytes_in)) + number_cell(bytes_text(server.bytes_out));
    out += errors_cell(server) + number_cell(std::to_string(server.view.user_weight));
    return out + check_cell(server) + down_cell(server) + "</tr>";
}

std::string table_head(std::string_view caption, std::initializer_list<std::string_view> columns) {
    std::string out = "<table><caption class=unseen>" + escape(caption) + "</caption><thead><tr>";
    for (const std::string_view column : columns)
        out += column.starts_with('#')
                   ? "<th scope=col class=n>" + std::string(column.substr(1)) + "</th>"
                   : "<th scope=col>" + std::string(column) + "</th>";
    return out + "</tr></thead><tbody>";
}

std::string scrolling(std::string_view label) {
    return "<div class=wide role=region tabindex=0 aria-label=\"" + escape(label) + "\">";
}

std::string backend_summary(const ProxyLine& backend) {
    const std::size_t fit = backend.active + backend.backups;
    std::string out = fmt::format("<p class=sum id=b{}>", backend.id);
    const Tone tone = fit > 0 ? Tone::good : Tone::bad;
    out += fmt::format("<span class=t-{}>{}</span>", word(tone), sign(tone));
    out += fmt::format("{} of {} servers take sessions", fit, backend.servers.size());
    out += fmt::format(" · {} sessions · {} a second", count_text(backend.sessions),
                       count_text(backend.rate));
    if (backend.waiting > 0)
        out += fmt::format(" · <strong>{} clients wait for a server</strong>",
                           count_text(backend.waiting));
    if (backend.refused > 0) out += " · " + count_text(backend.refused) + " refused";
    return out + fmt::format(" · {}</p>", escape(backend.algorithm));
}

std::string change_form(const PageView& view, const ProxyLine& backend) {
    std::string out = fmt::format(
        "<form class=change id=f{0} method=post action=\"{1}\"><input type=hidden name=b "
        "value=\"#{0}\"><input type=hidden name=token value=\"{2}\"><label for=a{0}>With the "
        "chosen servers</label><select name=action id=a{0}>",
        backend.id, escape(link(view.page, "")), escape(view.token));
    for (const bool common : {true, false}) {
        if (!common) out += "<optgroup label=\"Checks and agents\">";
        for (const ActionRow& row : order_actions())
            if (row.common == common && !row.label.empty())
                out += fmt::format("<option value={}>{}</option>", row.word, row.label);
    }
    return out + fmt::format(
                     "</optgroup></select><label for=w{0}>weight</label><input name=w id=w{0} "
                     "inputmode=numeric pattern=\"[0-9]+%?\" size=4 placeholder=\"100%\" "
                     "autocomplete=off><button>Apply</button></form>",
                     backend.id);
}

}  // namespace

Pieces frontend_pieces(const PageView& view) {
    Pieces pieces;
    pieces.push_back(
        {"", "<section aria-labelledby=h-front><h2 id=h-front>Listeners</h2>" +
                 scrolling("All listeners") +
                 table_head("Listeners", {"name", "where", "state", "#sessions", "#a second",
                                          "#in all", "#bytes in", "#bytes out", "turned away"})});
    for (const ProxyLine& front : view.snapshot.frontends) {
        using Mode = health::FrontendAdmin::Mode;
        const Tone tone = front.mode == Mode::open ? Tone::good : Tone::off;
        constexpr std::string_view modes[] = {"open", "paused", "stopped"};
        std::string where;
        for (const std::string& bind : front.binds) {
            const std::size_t colon = bind.rfind(':');
            const bool whole = view.page.show_legends || colon == std::string::npos;
            where += (where.empty() ? "" : ", ") + (whole ? bind : bind.substr(colon));
        }
        const auto denied =
            front.denied_connections + front.denied_sessions + front.denied_requests;
        const std::string id = fmt::format("l{}", front.id);
        std::string row = fmt::format(
            "<tr id={}><th scope=row>{}</th><td>{}</td><td class=\"state t-{}\">{}{}</td>", id,
            escape(front.name), escape(where), word(tone), sign(tone),
            front.http ? "page" : modes[static_cast<std::size_t>(front.mode)]);
        row += number_cell(of_limit(front.sessions, front.limit));
        row += number_cell(with_most(front.rate, front.most_rate));
        row += number_cell(count_text(front.total));
        row += number_cell(bytes_text(front.bytes_in)) + number_cell(bytes_text(front.bytes_out));
        row += denied > 0 ? "<td>" + count_text(denied) + "</td></tr>"
                          : "<td><span class=none>none</span></td></tr>";
        // The page's own row changes with each look at it: it is not followed.
        pieces.push_back({front.http ? "" : id, std::move(row)});
    }
    pieces.push_back({"", "</tbody></table></div></section>"});
    return pieces;
}

Pieces backend_pieces(const PageView& view, const ProxyLine& backend) {
    Pieces pieces;
    const std::string name = escape(backend.name);
    pieces.push_back(
        {"", fmt::format("<section aria-labelledby=h{0}><h2 id=h{0}>{1}</h2>", backend.id, name)});
    pieces.push_back({fmt::format("b{}", backend.id), backend_summary(backend)});
    std::string head = scrolling("Servers of " + backend.name);
    head += table_head("Servers of " + backend.name,
                       {"server", "state", "role", "#sessions", "#a second", "#in all", "#bytes in",
                        "#bytes out", "errors", "#weight", "last check", "down"});
    if (view.admin) {
        const std::string_view first = "<thead><tr>";
        head.insert(head.find(first) + first.size(),
                    "<td class=pick><span class=unseen>choose</span></td>");
    }
    pieces.push_back({"", std::move(head)});
    for (const ServerLine& server : backend.servers)
        pieces.push_back({row_id(backend, server), server_row(view, backend, server)});
    pieces.push_back({"", "</tbody></table></div>" +
                              (view.admin ? change_form(view, backend) : std::string()) +
                              "</section>"});
    return pieces;
}

}  // namespace pgsteer::admin
