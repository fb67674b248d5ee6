#include "config/check_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgsteer::config {
namespace {

std::string line_of(const KeywordUse& use) {
    std::string line = fmt::format("  [{}] {}", use.at.text(), use.keyword);
    if (!use.why.empty()) line += ": " + use.why;
    if (!use.instead.empty()) line += "; instead: " + use.instead;
    return line + "\n";
}

bool comes_first(const KeywordUse* a, const KeywordUse* b) {
    const std::string none;
    const std::string& file_a = a->at.file ? *a->at.file : none;
    const std::string& file_b = b->at.file ? *b->at.file : none;
    return file_a != file_b ? file_a < file_b : a->at.line < b->at.line;
}

}  // namespace

std::vector<const KeywordUse*> of_class(const KeywordUses& uses, KeywordClass kind) {
    std::vector<const KeywordUse*> found;
    for (const KeywordUse& use : uses.others)
        if (use.kind == kind) found.push_back(&use);
    std::stable_sort(found.begin(), found.end(), comes_first);
    return found;
}

std::string check_report(const KeywordUses& uses) {
    const auto inert = of_class(uses, KeywordClass::inert);
    const auto refused = of_class(uses, KeywordClass::refused);
    std::string text = fmt::format("honoured: {}\n", uses.honoured);
    text += fmt::format("accepted without effect: {}\n", inert.size());
    for (const auto* use : inert)
        text += line_of(*use);
    text += fmt::format("refused: {}\n", refused.size());
    for (const auto* use : refused)
        text += line_of(*use);
    return text;
}

std::string advice_report(const std::vector<Advice>& advice) {
    std::string text = fmt::format("advice: {}\n", advice.size());
    for (const Advice& one : advice)
        text += fmt::format("  [{}] {}\n", one.at.text(), one.text);
    return text;
}

}  // namespace pgsteer::config
