#include "config/keyword_docs.h"

#include <algorithm>
#include <vector>

#include "config/fetches.h"
#include "config/keywords.h"
#include "config/rule_actions.h"
#include "config/sections.h"

namespace pgsteer::config {
namespace {

std::string_view word(KeywordClass kind) {
    switch (kind) {
        case KeywordClass::honoured:
            return "honoured";
        case KeywordClass::inert:
            return "without effect";
        case KeywordClass::refused:
            return "refused";
    }
    return "";
}

std::string places(unsigned where) {
    if ((where & in_proxy) == in_proxy) return "all";
    std::string text;
    const auto add = [&](unsigned section, const char* name) {
        if ((where & section) != 0) text += (text.empty() ? "" : ", ") + std::string(name);
    };
    add(in_defaults, "defaults");
    add(in_frontend, "frontend");
    add(in_backend, "backend");
    add(in_listen, "listen");
    return text;
}

template <class AnyRow>
std::string meaning(const AnyRow& row) {
    if (row.kind == KeywordClass::honoured) return std::string(row.help);
    std::string text(row.reason);
    if (!row.instead.empty()) text += "; " + std::string(row.instead);
    return text;
}

template <class AnyRow>
std::vector<const AnyRow*> by_name(std::vector<const AnyRow*> rows) {
    std::stable_sort(rows.begin(), rows.end(),
                     [](const AnyRow* a, const AnyRow* b) { return a->name < b->name; });
    return rows;
}

template <class AnyRow>
void line(std::string& out, const AnyRow& row, const std::string& extra) {
    out += "| `" + std::string(row.name) + "` |" + extra + " " + std::string(word(row.kind)) +
           " | " + meaning(row) + " |\n";
}

void table(std::string& out, unsigned where, bool with_places) {
    out += with_places
               ? "| keyword | in | class | meaning, or why not |\n| --- | --- | --- | --- |\n"
               : "| keyword | class | meaning, or why not |\n| --- | --- | --- |\n";
    std::vector<const Row*> rows;
    each_row([&](const Row& row) {
        if ((row.where & where) != 0) rows.push_back(&row);
    });
    for (const Row* row : by_name(std::move(rows)))
        line(out, *row, with_places ? " " + places(row->where) + " |" : "");
}

template <class Target>
void options(std::string& out, std::span<const OptionRow<Target>> all) {
    out += "| option | class | meaning, or why not |\n| --- | --- | --- |\n";
    std::vector<const OptionRow<Target>*> rows;
    for (const auto& row : all)
        rows.push_back(&row);
    for (const auto* row : by_name(std::move(rows)))
        line(out, *row, "");
}

void actions(std::string& out) {
    out += "| action | in | class | meaning, or why not |\n| --- | --- | --- | --- |\n";
    std::vector<const ActionRow*> rows;
    for (const ActionRow& row : action_rows())
        rows.push_back(&row);
    for (const ActionRow* row : by_name(std::move(rows))) {
        std::string where;
        for (const auto& [set, name] :
             {std::pair(of_connection, "connection"), std::pair(of_session, "session"),
              std::pair(of_content, "content")})
            if ((row->where & set) != 0) where += (where.empty() ? "" : ", ") + std::string(name);
        if (row->where == of_all) where = "all";
        out += "| `" + std::string(row->name) + "` | " + where + " | " +
               std::string(word(row->kind)) + " | " + std::string(row->help) +
               (row->instead.empty() ? "" : "; " + std::string(row->instead)) + " |\n";
    }
}

std::string arguments_of(const FetchRow& row) {
    using Takes = FetchRow::Takes;
    switch (row.takes) {
        case Takes::nothing:
            return "";
        case Takes::backend:
            return "([BACKEND])";
        case Takes::frontend:
            return "([FRONTEND])";
        case Takes::server:
            return "([BACKEND/]SERVER)";
        case Takes::name:
            return "(NAME)";
        case Takes::integers:
            return "(OFFSET,LENGTH)";
        case Takes::place:
            return "(NUMBER)";
        case Takes::optional_integer:
            return "([NUMBER])";
        case Takes::constant:
            return "(VALUE)";
        case Takes::table:
            return "([TABLE])";
        case Takes::counter:
            return "(0..2)";
    }
    return "";
}

}  // namespace

std::string keyword_markdown() {
    std::string out =
        "## Sections\n| section | class | meaning, or why not |\n| --- | --- | --- |\n";
    for (const auto& row : section_rows())
        line(out, row, "");
    out += "\n## Keywords of `global`\n";
    table(out, in_global, false);
    out += "\n## Keywords of `defaults`, `listen`, `frontend` and `backend`\n";
    table(out, in_proxy, true);
    out += "\n## Keywords of `resolvers`\n";
    table(out, in_resolvers, false);
    out += "\n## Keywords of `userlist`\n";
    table(out, in_userlist, false);
    out += "\n## Options of `bind`\n";
    options(out, bind_options());
    out += "\n## Fetches of conditions\n| fetch | value |\n| --- | --- |\n";
    for (const FetchRow& row : fetch_rows())
        out += "| `" + std::string(row.name) + arguments_of(row) + "` | " + std::string(row.help) +
               " |\n";
    out += "\n## Actions of `tcp-request`\n";
    actions(out);
    out += "\n## Options of `server` and `default-server`\n";
    options(out, server_options());
    return out;
}

}  // namespace pgsteer::config
