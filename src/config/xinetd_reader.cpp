// The lines of a service file: xinetd's parse.c splits at blanks, knows no quotes, wants { and } on
// lines of their own and takes # for a comment only at a line's start.
#include <algorithm>

#include "config/xinetd_rows.h"

namespace pgsteer::config {
namespace {

constexpr std::size_t longest_line = 8192;

std::vector<std::string> blank_separated(std::string_view line) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < line.size() && words.size() < most_values;) {
        at = line.find_first_not_of(" \t\r", at);
        if (at == std::string_view::npos) break;
        const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
        words.emplace_back(line.substr(at, end - at));
        at = end;
    }
    return words;
}

class Reader {
  public:
    Reader(InetDraft& draft, std::string_view text, const std::string& file, int depth,
           Include include)
        : draft_(draft),
          rest_(text),
          file_(std::make_shared<const std::string>(file)),
          depth_(depth),
          include_(include) {}

    void read() {
        while (!draft_.report.full() && next_line())
            read_entry();
    }

  private:
    Location here() const { return {file_, number_}; }
    void alert(const std::string& text) { draft_.report.alert(here(), text); }

    // The words of the next line that has any and is no comment.
    bool next_line() {
        while (!rest_.empty()) {
            ++number_;
            const std::size_t end = rest_.find('\n');
            std::string_view line = rest_.substr(0, end);
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
            if (line.size() > longest_line || line.find('\0') != std::string_view::npos) {
                alert("this line is no text of at most 8192 bytes");
                continue;
            }
            words_ = blank_separated(line);
            if (!words_.empty() && !words_[0].starts_with('#')) return true;
        }
        return false;
    }

    void skip_entry() {
        while (next_line())
            if (words_[0] == "}") return;
    }

    void read_entry() {
        const std::string keyword = words_[0];
        if (keyword == "include" || keyword == "includedir") {
            if (words_.size() != 2) return alert("'" + keyword + "' needs one path");
            if (include_) include_(draft_, words_[1], keyword == "includedir", depth_ + 1, here());
            return;
        }
        InetEntry entry;
        entry.service.at = here();
        if (keyword == "service") {
            if (words_.size() < 2) {
                alert("'service' needs a name");
                return skip_entry();
            }
            inherit(entry, words_[1]);
        } else if (keyword == "defaults") {
            entry.is_defaults = true;
        } else {
            alert("'" + keyword + "' : unknown; these are service, defaults, include, includedir");
            return skip_entry();
        }
        if (!next_line() || words_.size() != 1 || words_[0] != "{") {
            alert("'" + keyword + "' : missing '{' on the line after it");
            return skip_entry();
        }
        read_attributes(entry);
        keep(std::move(entry));
    }

    // What a service changes with += and -= starts as the defaults have it (those read so far).
    void inherit(InetEntry& entry, const std::string& name) {
        const InetService& from = draft_.defaults.service;
        InetService& service = entry.service;
        service.name = service.id = name;
        service.log_success = from.log_success;
        service.log_failure = from.log_failure;
        service.only_from = from.only_from;
        service.no_access = from.no_access;
        service.passenv = from.passenv;
        service.banner = from.banner;
        service.banner_success = from.banner_success;
        service.banner_fail = from.banner_fail;
    }

    void read_attributes(InetEntry& entry) {
        while (next_line()) {
            if (words_[0] == "}") return;
            read_attribute(entry);
        }
        alert("missing '}' at the end of the file");
        entry.broken = true;
    }

    void read_attribute(InetEntry& entry) {
        InetLine line{draft_, entry, here(), words_[0]};
        const InetRow* row = find_inet_row(words_[0]);
        const unsigned here_is = entry.is_defaults ? in_inet_defaults : in_service;
        if (words_.size() < 2) return line.alert("needs an operator and a value");
        if (words_[1] == "=")
            line.how = Assign::set;
        else if (words_[1] == "+=")
            line.how = Assign::add;
        else if (words_[1] == "-=")
            line.how = Assign::remove;
        else
            return line.alert("needs a space, then =, += or -=");
        if (!row || (row->where & here_is) == 0) return unknown(line, row != nullptr);
        const Words values(words_.begin() + 2, words_.end());
        if (row->values != a_set && line.how != Assign::set) return line.alert("takes '=' only");
        if (row->values >= 0 && values.size() != static_cast<std::size_t>(row->values))
            return line.alert("takes " + std::to_string(row->values) + " values");
        const std::string canonical = row->name == "interface" ? "bind" : std::string(row->name);
        const bool first = entry.given.insert(canonical).second;
        if (!first && row->values != a_set && !entry.is_defaults)
            return line.warning("attribute already set; the first one counts");
        draft_.report.uses.add(
            {canonical, row->kind, line.at, std::string(row->reason), std::string(row->instead)});
        if (row->kind == KeywordClass::refused)
            line.not_ours(std::string(row->reason), std::string(row->instead));
        if (row->parse) row->parse(line, values);
    }

    // As in xinetd, what is not known changes nothing.
    void unknown(InetLine& line, bool elsewhere) {
        if (elsewhere)
            return line.warning(line.entry.is_defaults ? "has no place in defaults; ignored"
                                                       : "belongs into defaults; ignored");
        std::vector<std::string_view> names;
        each_inet_row([&](const InetRow& row) { names.push_back(row.name); });
        line.warning("unknown attribute, ignored" + did_you_mean(line.attribute, names));
    }

    void keep(InetEntry&& entry) {
        if (!entry.is_defaults) {
            if (draft_.services.size() >= most_services) return alert("too many services");
            draft_.services.push_back(std::move(entry));
        } else if (draft_.defaults_seen) {
            draft_.report.warning(entry.service.at, "'defaults' : only one counts, the first");
        } else {
            draft_.defaults = std::move(entry);
            draft_.defaults_seen = true;
        }
    }

    InetDraft& draft_;
    std::string_view rest_;
    std::shared_ptr<const std::string> file_;
    unsigned number_ = 0;
    int depth_;
    Include include_;
    std::vector<std::string> words_;
};

}  // namespace

void InetLine::alert(const std::string& text) {
    entry.broken = true;
    draft.report.alert(at, "'" + attribute + "' : " + text);
}

void InetLine::warning(const std::string& text) {
    draft.report.warning(at, "'" + attribute + "' : " + text);
}

void InetLine::not_ours(const std::string& reason, const std::string& instead) {
    entry.not_ours.push_back("[" + at.text() + "] " + reason + "; " + instead);
}

std::optional<std::uint64_t> InetLine::integer(const std::string& text, std::uint64_t highest) {
    const auto value = parse_integer(text, 0, static_cast<std::int64_t>(highest));
    if (value) return static_cast<std::uint64_t>(*value);
    alert(value.error().text);
    return std::nullopt;
}

std::optional<bool> InetLine::yes_or_no(const std::string& text) {
    if (text == "yes") return true;
    if (text == "no") return false;
    alert("is 'yes' or 'no', not '" + text + "'");
    return std::nullopt;
}

std::optional<milliseconds> InetLine::time(const std::string& text) {
    const auto value = parse_time(text);
    if (value) return *value;
    alert(value.error().text);
    return std::nullopt;
}

void read_inet_text(InetDraft& draft, std::string_view text, const std::string& file_name,
                    int depth, Include include) {
    Reader(draft, text, file_name, depth, include).read();
}

}  // namespace pgsteer::config
