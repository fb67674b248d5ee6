#include "cli/check_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "config/check_report.h"

namespace pgsteer::cli {
namespace {

using nlohmann::ordered_json;

constexpr int valid = 0;
constexpr int wrong = 1;
constexpr int listens_nowhere = 2;

bool listens(const config::Config& config) {
    if (!config.global.stats_sockets.empty()) return true;
    return std::any_of(config.frontends.begin(), config.frontends.end(),
                       [](const auto& front) { return !front.disabled && !front.binds.empty(); });
}

int status_of(const config::Loaded& loaded) {
    if (!loaded.ok()) return wrong;
    return listens(loaded.config) ? valid : listens_nowhere;
}

ordered_json place(const config::Location& at) {
    ordered_json object;
    object["file"] = at.file ? *at.file : "";
    object["line"] = at.line;
    return object;
}

ordered_json uses_of(const config::Loaded& loaded, config::KeywordClass kind) {
    ordered_json list = ordered_json::array();
    for (const config::KeywordUse* const use : config::of_class(loaded.uses, kind)) {
        ordered_json object = place(use->at);
        object["keyword"] = use->keyword;
        object["why"] = use->why;
        if (kind == config::KeywordClass::refused) object["instead"] = use->instead;
        list.push_back(std::move(object));
    }
    return list;
}

ordered_json said(const config::Loaded& loaded, config::Severity severity) {
    ordered_json list = ordered_json::array();
    for (const config::Diagnostic& diagnostic : loaded.diagnostics) {
        if (diagnostic.severity != severity) continue;
        ordered_json object = place(diagnostic.at);
        object["text"] = diagnostic.text;
        list.push_back(std::move(object));
    }
    return list;
}

ordered_json advice_of(const config::Loaded& loaded) {
    ordered_json list = ordered_json::array();
    if (!loaded.ok()) return list;
    for (const config::Advice& advice : config::advise(loaded.config)) {
        ordered_json object = place(advice.at);
        object["text"] = advice.text;
        list.push_back(std::move(object));
    }
    return list;
}

// Names in the files may be any bytes: those that are no UTF-8 are replaced.
void print(const config::Loaded& loaded) {
    ordered_json report;
    report["valid"] = loaded.ok();
    report["listens"] = listens(loaded.config);
    report["honoured"] = loaded.uses.honoured;
    report["without_effect"] = uses_of(loaded, config::KeywordClass::inert);
    report["refused"] = uses_of(loaded, config::KeywordClass::refused);
    report["alerts"] = said(loaded, config::Severity::alert);
    report["warnings"] = said(loaded, config::Severity::warning);
    report["notices"] = said(loaded, config::Severity::notice);
    report["advice"] = advice_of(loaded);
    fmt::print("{}\n", report.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

void print_verdict(const config::Loaded& loaded, int status) {
    const bool warned =
        std::any_of(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                    [](const auto& d) { return d.severity == config::Severity::warning; });
    if (status == wrong) return;
    if (warned) fmt::print("Warnings were found.\n");
    if (status == valid)
        fmt::print("Configuration file is valid\n");
    else
        fmt::print(
            "Configuration file has no error but will not start (no listener) => exit(2).\n");
}

}  // namespace

int report_files(const config::Loaded& loaded, Form form) {
    const int status = status_of(loaded);
    if (form == Form::json) print(loaded);
    if (form != Form::text) return status;
    fmt::print("{}", config::check_report(loaded.uses));
    if (loaded.ok()) fmt::print("{}", config::advice_report(config::advise(loaded.config)));
    print_verdict(loaded, status);
    return status;
}

}  // namespace pgsteer::cli
