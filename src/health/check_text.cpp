#include "health/check_text.h"

#include "base/machine_name.h"

namespace pgsteer::health {
namespace {

using config::Format;
using What = config::FormatPart::What;

struct Names {
    const std::string& proxy;
    const std::string& server;

    void fill(Format& format) const {
        Format filled;
        for (config::FormatPart& part : format) {
            if (part.what == What::proxy) part = {What::text, proxy, 0, 0};
            if (part.what == What::server) part = {What::text, server, 0, 0};
            if (part.what == What::host_name) part = {What::text, machine_name(), 0, 0};
            if (part.what == What::text && !filled.empty() && filled.back().what == What::text)
                filled.back().text += part.text;
            else
                filled.push_back(std::move(part));
        }
        format = std::move(filled);
    }

    // A name that is not hexadecimal makes such a text empty: nothing is sent, nothing matches.
    void fill(Format& format, bool& hexadecimal) const {
        fill(format);
        if (!std::exchange(hexadecimal, false)) return;
        const auto digits = config::constant(format);
        format = config::plain(digits ? config::from_hexadecimal(*digits).value_or("") : "");
    }

    void operator()(config::ConnectStep&) const {}
    void operator()(config::SendStep& step) const { fill(step.bytes, step.hexadecimal); }
    void operator()(config::HttpSendStep& step) const {
        fill(step.uri);
        fill(step.body);
        for (config::Header& header : step.headers)
            fill(header.value);
    }
    void operator()(config::Expect& step) const {
        fill(step.pattern, step.hexadecimal);
        for (Format* format : {&step.header_name.pattern, &step.header_value.pattern,
                               &step.on_success, &step.on_error})
            fill(*format);
    }
};

}  // namespace

config::Check check_for(const config::Backend& backend, const config::Server& server) {
    config::Check check = backend.check;
    const Names names{backend.name, server.name};
    for (config::Step& step : check.steps)
        std::visit(names, step);
    return check;
}

std::string text_of(const Format& format, std::string_view received) {
    constexpr std::size_t most_shown = 80;
    std::string text;
    for (const config::FormatPart& part : format) {
        if (part.what == What::text) text += part.text;
        if (part.what != What::payload || part.offset >= received.size()) continue;
        std::string_view seen = received.substr(part.offset);
        if (part.length > 0) seen = seen.substr(0, part.length);
        text += seen.substr(0, std::min(most_shown, seen.find('\0')));
    }
    return text;
}

}  // namespace pgsteer::health
