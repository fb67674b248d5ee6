#include "config/keyword_docs.h"

#include <algorithm>
#include <vector>

#include "config/keywords.h"
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
    out += "\n## Options of `bind`\n";
    options(out, bind_options());
    out += "\n## Options of `server` and `default-server`\n";
    options(out, server_options());
    return out;
}

}  // namespace pgsteer::config
