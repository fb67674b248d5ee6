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

std::vector<const KeywordUse*> of_class(const std::vector<KeywordUse>& uses, KeywordClass kind) {
    std::vector<const KeywordUse*> found;
    for (const KeywordUse& use : uses)
        if (use.kind == kind) found.push_back(&use);
    std::stable_sort(found.begin(), found.end(), comes_first);
    return found;
}

}  // namespace

std::string check_report(const std::vector<KeywordUse>& uses) {
    const auto inert = of_class(uses, KeywordClass::inert);
    const auto refused = of_class(uses, KeywordClass::refused);
    std::string text = fmt::format("honoured: {}\n", of_class(uses, KeywordClass::honoured).size());
    text += fmt::format("accepted without effect: {}\n", inert.size());
    for (const auto* use : inert)
        text += line_of(*use);
    text += fmt::format("refused: {}\n", refused.size());
    for (const auto* use : refused)
        text += line_of(*use);
    return text;
}

}  // namespace pgsteer::config
