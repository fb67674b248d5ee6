#include <algorithm>
#include <array>

#include "base/pattern.h"
#include "config/check_format.h"
#include "config/check_steps.h"

namespace pgsteer::config {
namespace {

using Kind = Expect::Kind;

// Reads the words of one line from left to right.
struct Reader {
    Line& line;
    Words words;
    std::size_t next = 0;
    bool failed = false;

    bool at_end() const { return next >= words.size(); }
    const std::string& peek() const { return words[next]; }
    std::string value(std::string_view of) {
        if (next < words.size()) return words[next++];
        fail("'" + std::string(of) + "' needs a value");
        return {};
    }
    void fail(const std::string& why) {
        if (!failed) line.alert(why);
        failed = true;
    }
};

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_status_list(std::string_view pattern) {
    while (true) {
        const auto part = pattern.substr(0, pattern.find(','));
        const auto dash = part.find('-');
        const auto low = part.substr(0, dash);
        const auto high = dash == std::string_view::npos ? low : part.substr(dash + 1);
        const bool fits = is_digits(low) && is_digits(high) && low.size() == 3 &&
                          high.size() == 3 && low >= "100" && high <= "599" && low <= high;
        if (!fits) return false;
        if (part.size() == pattern.size()) return true;
        pattern.remove_prefix(part.size() + 1);
    }
}

void check_regex(Reader& reader, const std::string& pattern) {
    const auto compiled = Pattern::compile(pattern);
    if (!compiled) reader.fail("no regular expression: " + compiled.error().text);
}

Format format(Reader& reader, const std::string& text) {
    auto read = read_format(reader.line, text);
    if (!read) reader.failed = true;  // the line has been told
    return read.value_or(Format{});
}

CheckStatus status(Reader& reader, const std::string& option, const std::string& text) {
    using List = std::vector<std::string_view>;
    const List known = option == "ok-status" ? List{"L7OK", "L7OKC", "L6OK", "L4OK"}
                       : option == "error-status"
                           ? List{"L7OKC", "L7RSP", "L7STS", "L6RSP", "L4CON"}
                           : List{"L7TOUT", "L6TOUT", "L4TOUT"};
    if (std::find(known.begin(), known.end(), text) == known.end()) {
        std::string words;
        for (const auto word : known)
            words += (words.empty() ? "" : ", ") + std::string(word);
        reader.fail("'" + option + "' takes " + words + ", not '" + text + "'");
    }
    return check_status(text).value_or(CheckStatus::unknown);
}

// True when the word was one of the options before the match.
bool read_option(Reader& reader, Expect& expect) {
    const std::string option = reader.peek();
    constexpr std::array<std::string_view, 8> options = {
        "comment",     "min-recv",   "ok-status", "error-status",
        "tout-status", "on-success", "on-error",  "status-code"};
    if (std::find(options.begin(), options.end(), option) == options.end()) return false;
    ++reader.next;
    const std::string value = reader.value(option);
    if (reader.failed) return true;
    if (option == "comment") expect.note.comment = value;
    if (option == "min-recv" && value != "-1") {
        constexpr std::uint32_t most = 16 * 1024;  // nothing longer is ever received
        expect.min_recv = reader.line.count(value, 0, most);
        reader.failed = !expect.min_recv;
    }
    if (option == "ok-status") expect.ok_status = status(reader, option, value);
    if (option == "error-status") expect.error_status = status(reader, option, value);
    if (option == "tout-status") expect.timeout_status = status(reader, option, value);
    if (option == "on-success") expect.on_success = format(reader, value);
    if (option == "on-error") expect.on_error = format(reader, value);
    if (option == "status-code") {
        const auto part = read_fetch(reader.line, value);
        reader.failed = !part;
        if (part) expect.status_code = {*part};
    }
    return true;
}

// "[-m HOW] TEXT", as `name` and `value` of a header have it; "-lf" makes the text a format.
TextMatch read_match(Reader& reader, const std::string& word, bool is_format) {
    using How = TextMatch::How;
    TextMatch match;
    match.how = How::equal;
    if (!reader.at_end() && reader.peek() == "-m") {
        ++reader.next;
        const std::string how = reader.value("-m");
        constexpr std::array<std::string_view, 5> names = {"str", "beg", "end", "sub", "reg"};
        const auto found = std::find(names.begin(), names.end(), how);
        if (found == names.end())
            reader.fail("'-m' takes str, beg, end, sub or reg, not '" + how + "'");
        else
            match.how = static_cast<How>(found - names.begin() + 1);
    }
    const std::string text = reader.value(word);
    if (reader.failed) return match;
    if (match.how == How::regex && is_format) reader.fail("'-m reg' takes no log format");
    if (match.how == How::regex) check_regex(reader, text);
    match.pattern = is_format ? format(reader, text) : plain(text);
    return match;
}

void read_header(Reader& reader, Expect& expect) {
    expect.kind = Kind::header;
    expect.full_header = reader.words[reader.next - 1] == "fhdr";
    const std::string name = reader.value("hdr");
    if (name != "name" && name != "name-lf")
        return reader.fail("expects 'name [-m HOW] NAME' after 'hdr'");
    expect.header_name = read_match(reader, name, name == "name-lf");
    if (reader.failed || reader.at_end()) return;
    if (reader.peek() != "value" && reader.peek() != "value-lf") return;
    const std::string value = reader.value("value");
    expect.header_value = read_match(reader, value, value == "value-lf");
}

// The pattern of status, string, binary and their regular expressions.
void read_pattern(Reader& reader, const std::string& word, Expect& expect) {
    const std::string text = reader.value(word);
    if (reader.failed) return;
    expect.pattern = word.ends_with("-lf") ? format(reader, text) : plain(text);
    expect.hexadecimal = word.starts_with("binary");
    if (word == "status" && !is_status_list(text))
        reader.fail("'" + text + "' is no status list; write 200 or 200-299,301");
    if (word.starts_with('r')) check_regex(reader, text);
    const auto known = constant(expect.pattern);
    if (!expect.hexadecimal || !known) return;
    const auto bytes = from_hexadecimal(*known);
    if (!bytes) return reader.fail("'" + text + "' is not hexadecimal");
    expect.pattern = plain(*bytes);
    expect.hexadecimal = false;
}

struct Match {
    std::string_view word;
    Kind kind;
    bool tcp, http;
};
constexpr std::array<Match, 10> matches{{
    {"status", Kind::status, false, true},
    {"rstatus", Kind::rstatus, false, true},
    {"string", Kind::string, true, true},
    {"rstring", Kind::rstring, true, true},
    {"string-lf", Kind::string, true, true},
    {"binary", Kind::binary, true, false},
    {"rbinary", Kind::rbinary, true, false},
    {"binary-lf", Kind::binary, true, false},
    {"hdr", Kind::header, false, true},
    {"fhdr", Kind::header, false, true},
}};

void read_kind(Reader& reader, CheckProtocol protocol, Expect& expect) {
    const std::string word = reader.value("expect");
    if (reader.failed) return;
    std::vector<std::string_view> known;
    for (const Match& match : matches) {
        if (!(protocol == CheckProtocol::http ? match.http : match.tcp)) continue;
        known.push_back(match.word);
        if (match.word != word) continue;
        expect.kind = match.kind;
        return match.kind == Kind::header ? read_header(reader, expect)
                                          : read_pattern(reader, word, expect);
    }
    reader.fail("unknown match '" + word + "'" + did_you_mean(word, known));
}

}  // namespace

std::optional<Expect> read_expect(Line& line, Words words, CheckProtocol protocol) {
    Reader reader{line, words};
    Expect expect;
    bool matched = false;
    while (!reader.failed && !reader.at_end()) {
        if (read_option(reader, expect)) continue;
        if (matched) reader.fail("cannot handle unexpected argument '" + reader.peek() + "'");
        while (!reader.at_end() && reader.peek() == "!") {
            expect.negate = !expect.negate;
            ++reader.next;
        }
        if (!reader.failed) read_kind(reader, protocol, expect);
        matched = true;
    }
    if (!matched) reader.fail("needs a match: 'status 200', 'string TEXT' ...");
    if (reader.failed) return std::nullopt;
    return expect;
}

}  // namespace pgsteer::config
