#include "config/patterns.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

#include "base/lower.h"
#include "config/acl.h"
#include "config/check.h"

namespace pgsteer::config {
namespace {

using Kind = Match::Kind;
using Type = FetchRow::Type;

struct Method {
    Kind kind = Kind::equal;
    bool hexadecimal = false;  // patterns are bytes in hexadecimal
};

const std::map<std::string, Method, std::less<>>& methods() {
    static const std::map<std::string, Method, std::less<>> all{
        {"found", {Kind::found}},      {"bool", {Kind::boolean}},  {"int", {Kind::integer}},
        {"len", {Kind::length}},       {"ip", {Kind::address}},    {"str", {Kind::equal}},
        {"beg", {Kind::begin}},        {"end", {Kind::end}},       {"sub", {Kind::part}},
        {"reg", {Kind::regex}},        {"dir", {Kind::directory}}, {"dom", {Kind::domain}},
        {"bin", {Kind::binary, true}},
    };
    return all;
}

std::optional<Method> usual_method(Type type) {
    switch (type) {
        case Type::boolean:
            return Method{Kind::boolean};
        case Type::integer:
            return Method{Kind::integer};
        case Type::address:
            return Method{Kind::address};
        case Type::text:
            return Method{Kind::equal};
        case Type::bytes:
            return std::nullopt;
    }
    return std::nullopt;
}

// What HAProxy has no cast for (the manual's table of 7.1).
bool fits(Type type, Kind kind) {
    return type != Type::bytes ||
           (kind != Kind::boolean && kind != Kind::integer && kind != Kind::address);
}

Result<void> add_expression(Match& match, const std::string& text) {
    auto expression = Pattern::compile(text, match.ignore_case);
    if (!expression) return expression.error();
    match.expressions.push_back(std::make_shared<const Pattern>(std::move(*expression)));
    return {};
}

Result<void> add_pattern(Match& match, const Method& method, const std::string& text) {
    if (method.kind == Kind::integer || method.kind == Kind::length) {
        const auto range = parse_range(text);
        if (!range) return range.error();
        match.ranges.push_back(*range);
    } else if (method.kind == Kind::address) {
        const auto network = Network::parse(text);
        if (!network) return network.error();
        match.networks.push_back(*network);
    } else if (method.kind == Kind::regex) {
        return add_expression(match, text);
    } else if (method.hexadecimal) {
        const auto bytes = from_hexadecimal(text);
        if (!bytes) return Error{"'" + text + "' is not hexadecimal"};
        match.texts.push_back(*bytes);
    } else {
        match.texts.push_back(match.ignore_case ? lower(text) : text);
    }
    return {};
}

bool is_operator(const std::string& word) {
    return word == "eq" || word == "lt" || word == "le" || word == "gt" || word == "ge";
}

Result<void> add_compared(Match& match, const std::string& how, const std::string& text) {
    const auto range = parse_range(text);
    if (!range) return range.error();
    if (how == "eq") {
        match.ranges.push_back(*range);
        return {};
    }
    if (range->lowest != range->highest)
        return Error{"'" + how + "' needs one integer, not the range '" + text + "'"};
    const std::int64_t number = range->lowest;
    Range wanted;
    if (how == "lt") wanted.highest = number - 1;
    if (how == "le") wanted.highest = number;
    if (how == "gt") wanted.lowest = number + 1;
    if (how == "ge") wanted.lowest = number;
    match.ranges.push_back(wanted);
    return {};
}

Result<void> read_whole(const std::string& path, std::string& text) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return system_error("file '" + path + "'");
    std::array<char, 65536> piece{};
    while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
        text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
        if (text.size() > most_pattern_bytes) return Error{"file '" + path + "' is too large"};
    }
    if (file.bad()) return system_error("file '" + path + "'");
    return {};
}

// One pattern a line; empty lines and those that begin with '#' are none.
Result<void> add_file(Match& match, const Method& method, const std::string& path) {
    std::string text;
    if (auto read = read_whole(path, text); !read) return read.error();
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number) {
        line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
        line.erase(line.find_last_not_of(" \t\r") + 1);
        if (line.empty() || line.starts_with('#')) continue;
        if (auto added = add_pattern(match, method, line); !added)
            return Error{path + ":" + std::to_string(number) + ": " + added.error().text};
    }
    return {};
}

struct Flags {
    bool ignore_case = false;
    std::optional<Method> method;
    std::vector<std::string> files;
    std::size_t words = 0;  // that they take
};

Result<Flags> parse_flags(const std::vector<std::string>& words) {
    Flags flags;
    std::size_t i = 0;
    for (; i < words.size() && words[i].starts_with('-'); ++i) {
        const std::string& word = words[i];
        if (word == "--") {
            ++i;
            break;
        }
        if (word == "-i") {
            flags.ignore_case = true;
        } else if (word == "-m" && i + 1 < words.size()) {
            const auto found = methods().find(words[++i]);
            if (found == methods().end())
                return Error{"unknown matching method '" + words[i] + "'"};
            flags.method = found->second;
        } else if (word == "-f" && i + 1 < words.size()) {
            flags.files.push_back(words[++i]);
        } else if (word == "-M" || (word == "-u" && i + 1 < words.size())) {
            return Error{"'" + word +
                         "' : patterns that change while running are not supported; "
                         "write them here or in a file, and reload"};
        } else if (word != "-n" && parse_range(word)) {
            break;  // a negative number
        } else if (word != "-n") {
            return Error{"unknown flag '" + word + "'; write '--' before patterns that begin so"};
        }
    }
    flags.words = i;
    return flags;
}

}  // namespace

Result<Match> parse_match(const FetchRow& fetch, const std::vector<std::string>& words) {
    const auto flags = parse_flags(words);
    if (!flags) return flags.error();
    const auto method = flags->method ? flags->method : usual_method(fetch.type);
    if (!method)
        return Error{"'" + std::string(fetch.name) +
                     "' needs a matching method: write '-m bin' or "
                     "'-m sub' ... before the patterns"};
    if (!fits(fetch.type, method->kind))
        return Error{"this matching method does not fit the values of '" + std::string(fetch.name) +
                     "'"};
    Match match;
    match.kind = method->kind;
    match.ignore_case = flags->ignore_case;
    for (const std::string& path : flags->files)
        if (auto added = add_file(match, *method, path); !added) return added.error();
    const bool counts = match.kind == Kind::integer || match.kind == Kind::length;
    std::string how = "eq";
    for (std::size_t i = flags->words; i < words.size(); ++i) {
        if (counts && is_operator(words[i])) {
            how = words[i];
            continue;
        }
        auto added =
            counts ? add_compared(match, how, words[i]) : add_pattern(match, *method, words[i]);
        if (!added) return added.error();
    }
    return match;
}

}  // namespace pgsteer::config
