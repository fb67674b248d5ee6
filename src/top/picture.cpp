#include "top/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/units.h"

namespace pgsteer::top {
namespace {

using nlohmann::json;

// The order of question().
enum Answer : std::size_t { of_info, of_level, of_cluster, of_stat, of_events, of_sessions };
constexpr std::size_t fewest_answers = of_events + 1;
constexpr std::string_view denied = "Permission denied";

std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

// What a terminal might take for a command is not passed on to it.
std::string clean(std::string_view text) {
    std::string cleaned(text);
    for (char& c : cleaned)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    return cleaned;
}

// "a,"b,c",d": HAProxy quotes a value that holds a comma or a quote, and doubles its quotes.
std::vector<std::string> csv_values(std::string_view line) {
    std::vector<std::string> values(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
            values.back() += line[++i];
        else if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            values.emplace_back();
        else
            values.back() += c;
    }
    return values;
}

using Named = std::map<std::string, std::string, std::less<>>;

std::string take(const Named& values, std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : clean(found->second);
}

Row row_of(const Named& values) {
    Row row;
    row.proxy = take(values, "pxname");
    row.name = take(values, "svname");
    row.kind = row.name == "FRONTEND"  ? Row::Kind::frontend
               : row.name == "BACKEND" ? Row::Kind::backend
                                       : Row::Kind::server;
    row.address = take(values, "addr");
    row.status = take(values, "status");
    row.role = take(values, "role");
    row.cause = take(values, "cause");
    row.check = take(values, "check_status");
    row.weight = take(values, "weight");
    row.limit = take(values, "slim");
    row.fenced = take(values, "fenced") == "1";
    row.sessions = number(take(values, "scur"));
    row.most = number(take(values, "smax"));
    row.total = number(take(values, "stot"));
    row.rate = number(take(values, "rate"));
    row.waiting = number(take(values, "waiting"));
    row.bytes_in = number(take(values, "bin"));
    row.bytes_out = number(take(values, "bout"));
    return row;
}

std::vector<Row> read_rows(std::string_view csv) {
    const auto lines = lines_of(csv);
    std::vector<Row> rows;
    if (lines.empty()) return rows;
    std::vector<std::string> names = csv_values(lines.front().substr(lines.front().find(' ') + 1));
    for (std::size_t i = 1; i < lines.size(); ++i) {
        const auto values = csv_values(lines[i]);
        Named named;
        for (std::size_t column = 0; column < std::min(names.size(), values.size()); ++column)
            named[names[column]] = values[column];
        const bool of_an_address = take(named, "type") == "3";  // `option socket-stats`
        if (!of_an_address) rows.push_back(row_of(named));
    }
    return rows;
}

std::string text_at(const json& object, const char* name) {
    const auto value = object.find(name);
    if (value == object.end() || value->is_null()) return "";
    return clean(value->is_string() ? value->get<std::string>() : value->dump());
}

std::string lag_of(const json& object) {
    const std::string bytes = text_at(object, "lag_bytes"), time = text_at(object, "lag_ms");
    if (bytes.empty() && time.empty()) return "-";
    std::string text = bytes.empty() ? "" : bytes + " B";
    if (!time.empty())
        text += (text.empty() ? "" : ", ") +
                format_time(milliseconds(static_cast<std::int64_t>(number(time))));
    return text;
}

Node node_of(const json& object) {
    Node node;
    node.name = text_at(object, "name");
    node.address = text_at(object, "address");
    node.role = text_at(object, "role");
    node.timeline = text_at(object, "timeline");
    node.lag = lag_of(object);
    node.state = text_at(object, "state");
    node.why = text_at(object, "why");
    node.fenced = object.value("fenced", false);
    node.sessions = number(text_at(object, "sessions"));
    if (const auto serves = object.find("serves"); serves != object.end() && serves->is_array())
        for (const json& proxy : *serves)
            if (proxy.is_string()) node.serves.push_back(clean(proxy.get<std::string>()));
    return node;
}

// Answers whether it is a router's. `value` throws where a member has another type.
bool read_cluster(const std::string& text, Picture& picture) {
    const json view = json::parse(text, nullptr, false);
    if (!view.is_object() || !view.contains("nodes") || !view["nodes"].is_array()) return false;
    try {
        picture.whole = view.value("whole", false);
        for (const json& object : view["nodes"])
            picture.nodes.push_back(node_of(object));
        if (view.contains("waiting"))
            for (const auto& [proxy, clients] : view["waiting"].items())
                picture.waiting += clients.is_number() ? clients.get<std::uint64_t>() : 0;
    } catch (const json::exception&) {
        return false;
    }
    return true;
}

void read_info(std::string_view text, Picture& picture) {
    Named values;
    for (const std::string_view line : lines_of(text))
        if (const std::size_t colon = line.find(": "); colon != std::string_view::npos)
            values[std::string(line.substr(0, colon))] = line.substr(colon + 2);
    picture.node = take(values, "node");
    picture.version = take(values, "Version");
    picture.uptime = seconds(static_cast<std::int64_t>(number(take(values, "Uptime_sec"))));
    picture.sessions = number(take(values, "CurrConns"));
    picture.most_sessions = number(take(values, "Maxconn"));
    picture.rate = number(take(values, "ConnRate"));
}

seconds time_of(const std::string& text) {
    const auto time = parse_time(text);
    return time ? std::chrono::duration_cast<seconds>(*time) : seconds(0);
}

// "0x1: proto=tcpv4 src=... rq[i=0,total=12] ...": words with '=', some in brackets.
Session session_of(std::string_view line) {
    Named values;
    Session session;
    session.id = clean(line.substr(0, line.find(':')));
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        const std::string_view word = line.substr(0, end);
        if (const std::size_t equal = word.find('='); equal != std::string_view::npos)
            values[std::string(word.substr(0, equal))] = word.substr(equal + 1);
        if (const std::size_t total = word.find("total="); total != std::string_view::npos)
            values[std::string(word.substr(0, 2))] = word.substr(total + 6);
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
    }
    session.client = take(values, "src");
    session.frontend = take(values, "fe");
    session.backend = take(values, "be");
    session.server = take(values, "srv");
    session.state = take(values, "state");
    session.age = time_of(take(values, "age"));
    session.idle = time_of(take(values, "idle"));
    session.bytes_in = number(take(values, "rq"));
    session.bytes_out = number(take(values, "rp"));
    return session;
}

std::optional<std::string> refusal(const std::string& answer, const std::string& level,
                                   std::string_view what) {
    if (!answer.starts_with(denied)) return std::nullopt;
    return fmt::format("the socket's level '{}' does not show {}: it takes 'level operator'", level,
                       what);
}

}  // namespace

std::string question(bool with_sessions) {
    return std::string("show info;show cli level;show cluster json;show stat;show events") +
           (with_sessions ? ";show sess" : "");
}

std::vector<std::string> split_answers(std::string_view text) {
    std::vector<std::string> answers;
    while (!text.empty()) {
        if (text.front() == '\n') {  // an empty answer, and the empty line
            answers.emplace_back();
            text.remove_prefix(1);
            continue;
        }
        const std::size_t end = std::min(text.find("\n\n"), text.size());
        answers.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 2, text.size()));
    }
    return answers;
}

Result<Picture> read_picture(std::string_view text, bool with_sessions) {
    const auto answers = split_answers(text);
    Picture picture;
    if (answers.size() < of_stat + 1 || !read_cluster(answers[of_cluster], picture))
        return Error{
            fmt::format("not a pgsteer router: it answers '{}'",
                        clean(text.substr(0, std::min<std::size_t>(text.find('\n'), 80))))};
    read_info(answers[of_info], picture);
    const std::string& level = answers[of_level];
    picture.level = clean(level.substr(0, level.find('\n')));
    picture.rows = read_rows(answers[of_stat]);
    if (answers.size() >= fewest_answers) {
        picture.events_not_shown = refusal(answers[of_events], picture.level, "events");
        if (!picture.events_not_shown)
            for (const std::string_view line : lines_of(answers[of_events]))
                picture.events.push_back(clean(line));
    }
    if (with_sessions && answers.size() > of_sessions) {
        picture.sessions_not_shown = refusal(answers[of_sessions], picture.level, "sessions");
        if (!picture.sessions_not_shown)
            for (const std::string_view line : lines_of(answers[of_sessions]))
                picture.lines.push_back(session_of(line));
    }
    return picture;
}

void set_rates(Picture& now, const Picture& before, Duration span) {
    const double time = std::chrono::duration<double>(span).count();
    if (time <= 0) return;
    // Counters begin anew when a router was restarted or they were cleared.
    const auto rate = [time](std::uint64_t later, std::uint64_t earlier) {
        return later < earlier ? 0.0 : static_cast<double>(later - earlier) / time;
    };
    std::map<std::pair<std::string_view, std::string_view>, const Row*> old;
    for (const Row& row : before.rows)
        old[{row.proxy, row.name}] = &row;
    for (Row& row : now.rows)
        if (const auto found = old.find({row.proxy, row.name}); found != old.end()) {
            row.in_per_second = rate(row.bytes_in, found->second->bytes_in);
            row.out_per_second = rate(row.bytes_out, found->second->bytes_out);
        }
}

}  // namespace pgsteer::top
