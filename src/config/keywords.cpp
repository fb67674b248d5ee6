#include "config/keywords.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace pgsteer::config {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t change = diagonal + (a[i] == b[j] ? 0U : 1U);
            diagonal = row[j + 1];
            row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

// Strangers' bytes go to terminals and logs: bounded, and without control characters.
std::string printable(std::string text) {
    constexpr std::size_t longest = 400;
    if (text.size() > longest) text = text.substr(0, longest) + "...";
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return text;
}

}  // namespace

void Draft::report(Severity severity, const Location& at, const std::string& text) {
    if (diagnostics.size() < most_diagnostics)
        diagnostics.push_back({severity, at, printable(text)});
    else if (diagnostics.size() == most_diagnostics)
        diagnostics.push_back({Severity::alert, at, "too many mistakes; the others are not shown"});
}

void KeywordUses::add(KeywordUse use) {
    constexpr std::size_t most = 200'000;  // none a person reads
    if (use.kind == KeywordClass::honoured)
        ++honoured;
    else if (others.size() < most)
        others.push_back(std::move(use));
}

const Row* find_row(std::string_view name, unsigned where) {
    static const auto index = [] {
        std::unordered_multimap<std::string_view, const Row*> by_name;
        each_row([&](const Row& row) { by_name.emplace(row.name, &row); });
        return by_name;
    }();
    // "tcp-check set-var(check.x)": none of these is honoured.
    const auto bare = name.substr(0, name.find('('));
    const auto [first, last] = index.equal_range(bare);
    const auto found = std::find_if(first, last, [&](const auto& one) {
        const Row& row = *one.second;
        return (row.where & where) != 0 &&
               (bare.size() == name.size() || row.kind != KeywordClass::honoured);
    });
    return found == last ? nullptr : found->second;
}

std::string Line::name() const {
    std::string text(keyword);
    if (!option.empty()) text.append(" ... ").append(option);
    return text;
}

bool is_proxy_name(std::string_view name) {
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("-_.:").find(c) != std::string_view::npos;
    });
}

void Line::alert(const std::string& text) {
    draft.alert(at, "'" + name() + "' : " + text);
}
void Line::warning(const std::string& text) {
    draft.warning(at, "'" + name() + "' : " + text);
}

void Line::used(std::string_view what, KeywordClass kind, std::string_view why,
                std::string_view instead) {
    if (kind == KeywordClass::honoured)
        ++draft.uses.honoured;
    else
        draft.uses.add({what.empty() ? name() : std::string(what), kind, at, std::string(why),
                        std::string(instead)});
}

std::optional<milliseconds> Line::time(const std::string& text, BareNumber unit) {
    auto value = parse_time(text, unit);
    if (value) return *value;
    alert(value.error().text);
    return std::nullopt;
}

std::optional<seconds> Line::whole_seconds(const std::string& text) {
    const auto value = time(text, BareNumber::is_seconds);
    if (!value) return std::nullopt;
    return std::chrono::ceil<seconds>(*value);
}

std::optional<std::uint32_t> Line::count(const std::string& text, std::uint32_t lowest,
                                         std::uint32_t highest) {
    auto value = parse_integer(text, lowest, highest);
    if (value) return static_cast<std::uint32_t>(*value);
    alert(value.error().text);
    return std::nullopt;
}

std::optional<unsigned> Line::file_mode(const std::string& text) {
    unsigned value = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
    if (failed == std::errc{} && end == text.data() + text.size() && value <= 07777) return value;
    alert("'" + text + "' is not an octal file mode");
    return std::nullopt;
}

bool Line::arguments(Words words, std::size_t lowest, std::size_t highest) {
    if (words.size() < lowest)
        alert("needs " + std::to_string(lowest) + (lowest == 1 ? " argument" : " arguments"));
    else if (words.size() > highest)
        alert("cannot handle unexpected argument '" + words[highest] + "'");
    return words.size() >= lowest && words.size() <= highest;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
    constexpr std::size_t longest_keyword = 48;
    if (word.size() > longest_keyword) return "";
    std::string_view best;
    std::size_t least =
        std::max<std::size_t>(2, word.size() / 3 + 1);  // farther is no typing mistake
    for (const auto candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance >= least) continue;
        least = distance;
        best = candidate;
    }
    return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}

bool matches(std::string_view name, std::string_view word) {
    if (!name.ends_with('*')) return name == word;
    return word.starts_with(name.substr(0, name.size() - 1));
}

void refuse(Line& line, std::string_view, std::string_view reason, std::string_view instead) {
    std::string text = "not supported: " + std::string(reason);
    if (!instead.empty()) text += "; " + std::string(instead);
    line.alert(text);
}

}  // namespace pgsteer::config
