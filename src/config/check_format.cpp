#include "config/check_format.h"

#include "base/units.h"

namespace pgsteer::config {
namespace {

using What = FormatPart::What;

// "NAME(ARGUMENT)" to its argument.
std::optional<std::string_view> argument_of(std::string_view text, std::string_view name) {
    if (!text.starts_with(name) || !text.ends_with(')') || text.size() < name.size() + 2 ||
        text[name.size()] != '(')
        return std::nullopt;
    return text.substr(name.size() + 1, text.size() - name.size() - 2);
}

std::optional<FormatPart> payload(std::string_view argument) {
    constexpr std::int64_t longest = 16 * 1024;  // nothing longer is ever received
    const auto comma = argument.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const auto offset = parse_integer(argument.substr(0, comma), 0, longest);
    const auto length = parse_integer(argument.substr(comma + 1), 0, longest);
    if (!offset || !length) return std::nullopt;
    return FormatPart{What::payload, "", static_cast<std::size_t>(*offset),
                      static_cast<std::size_t>(*length)};
}

void add_text(Format& format, std::string_view text) {
    if (text.empty()) return;
    if (format.empty() || format.back().what != What::text) format.push_back({});
    format.back().text += text;
}

}  // namespace

std::optional<FormatPart> read_fetch(Line& line, std::string_view text) {
    if (text == "be_name") return FormatPart{What::proxy, "", 0, 0};
    if (text == "srv_name") return FormatPart{What::server, "", 0, 0};
    if (text == "hostname") return FormatPart{What::host_name, "", 0, 0};
    if (const auto value = argument_of(text, "str"))
        return FormatPart{What::text, std::string(*value), 0, 0};
    if (const auto value = argument_of(text, "int"); value && parse_integer(*value, 0, 1'000'000))
        return FormatPart{What::text, std::string(*value), 0, 0};
    if (const auto value = argument_of(text, "res.payload"))
        if (const auto part = payload(*value)) return part;
    line.alert("'" + std::string(text) +
               "' is not supported in a check; known are be_name, srv_name, hostname, "
               "res.payload(OFFSET,LENGTH), str(TEXT) and int(N)");
    return std::nullopt;
}

std::optional<Format> read_format(Line& line, std::string_view text) {
    Format format;
    while (!text.empty()) {
        const auto percent = text.find('%');
        add_text(format, text.substr(0, percent));
        if (percent == std::string_view::npos) break;
        text.remove_prefix(percent + 1);
        const auto end = text.find(']');
        if (text.starts_with('%')) {
            add_text(format, "%");
            text.remove_prefix(1);
        } else if (text.starts_with('[') && end != std::string_view::npos) {
            const auto part = read_fetch(line, text.substr(1, end - 1));
            if (!part) return std::nullopt;
            if (part->what == What::text)
                add_text(format, part->text);
            else
                format.push_back(*part);
            text.remove_prefix(end + 1);
        } else {
            line.alert("'%" + std::string(text.substr(0, 8)) +
                       "' is no %[...]; write %% for a percent sign");
            return std::nullopt;
        }
    }
    return format;
}

}  // namespace pgsteer::config
