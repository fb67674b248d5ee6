#include <array>

#include "config/dump.h"

namespace pgsteer::config {
namespace {

std::string text_of(const Format& format) {
    std::string text;
    for (const FormatPart& part : format) {
        if (part.what == FormatPart::What::text) text += part.text;
        if (part.what == FormatPart::What::proxy) text += "%[be_name]";
        if (part.what == FormatPart::What::server) text += "%[srv_name]";
        if (part.what == FormatPart::What::host_name) text += "%[hostname]";
        if (part.what == FormatPart::What::payload)
            text += "%[res.payload(" + std::to_string(part.offset) + "," +
                    std::to_string(part.length) + ")]";
    }
    return text;
}

std::string with_note(std::string text, const StepNote& note) {
    return note.comment.empty() ? text : text + " comment " + quoted(note.comment);
}

std::string words(const ConnectStep& step) {
    std::string text = "connect";
    if (step.as_server) text += " default";
    if (!step.address.empty()) text += " addr " + step.address;
    if (step.port) text += " port " + std::to_string(number(*step.port));
    if (step.tls) text += " ssl";
    if (!step.sni.empty()) text += " sni " + step.sni;
    for (const std::string& name : step.alpn)
        text += " alpn " + name;
    if (step.send_proxy) text += " send-proxy";
    return with_note(text, step.note);
}

std::string words(const SendStep& step) {
    return with_note((step.hexadecimal ? "send-binary-lf " : "send ") + quoted(text_of(step.bytes)),
                     step.note);
}

std::string words(const HttpSendStep& step) {
    std::string text = "send http " + step.method + " " +
                       (step.uri.empty() ? "/" : text_of(step.uri)) + " " + step.version;
    for (const Header& header : step.headers)
        text += " hdr " + header.name + " " + quoted(text_of(header.value));
    if (!step.body.empty()) text += " body " + quoted(text_of(step.body));
    return with_note(text, step.note);
}

std::string words(const TextMatch& match) {
    static constexpr std::array<const char*, 6> how = {"", "str", "beg", "end", "sub", "reg"};
    return std::string(" -m ") + how[static_cast<std::size_t>(match.how)] + " " +
           quoted(text_of(match.pattern));
}

std::string words(const Expect& expect) {
    static constexpr std::array<const char*, 7> kinds = {"status", "rstatus", "string", "rstring",
                                                         "binary", "rbinary", "hdr"};
    std::string text = "expect ";
    if (expect.min_recv) text += "min-recv " + std::to_string(*expect.min_recv) + " ";
    const std::array<std::pair<const char*, CheckStatus>, 3> statuses = {
        {{"ok-status", expect.ok_status},
         {"error-status", expect.error_status},
         {"tout-status", expect.timeout_status}}};
    for (const auto& [name, status] : statuses)
        if (status != CheckStatus::unknown)
            text += std::string(name) + " " + std::string(word(status)) + " ";
    if (!expect.on_success.empty())
        text += "on-success " + quoted(text_of(expect.on_success)) + " ";
    if (!expect.on_error.empty()) text += "on-error " + quoted(text_of(expect.on_error)) + " ";
    if (!expect.status_code.empty()) text += "status-code " + text_of(expect.status_code) + " ";
    if (expect.negate) text += "! ";
    if (expect.full_header) text += "f";
    text += kinds[static_cast<std::size_t>(expect.kind)];
    if (expect.kind != Expect::Kind::header) text += " " + quoted(text_of(expect.pattern));
    if (expect.header_name.how != TextMatch::How::none) text += " name" + words(expect.header_name);
    if (expect.header_value.how != TextMatch::How::none)
        text += " value" + words(expect.header_value);
    return with_note(text, expect.note);
}

std::string words(const RoleCheck& role) {
    static constexpr std::array<const char*, 3> roles = {"any", "primary", "standby"};
    return "role " + std::string(roles[static_cast<std::size_t>(role.expect)]) + " user " +
           role.user + " dbname " + role.dbname +
           (role.sslmode.empty() ? "" : " sslmode " + role.sslmode) +
           (role.passfile.empty() ? "" : " passfile " + role.passfile);
}

}  // namespace

std::vector<std::string> words(const Check& check) {
    if (check.kind == Check::Kind::role) return {words(check.role)};
    if (check.kind == Check::Kind::external)
        return {"external " + check.external.command + " path " + quoted(check.external.path)};
    std::vector<std::string> lines;
    for (const Step& step : check.steps)
        lines.push_back(std::visit([](const auto& any) { return words(any); }, step));
    if (check.disable_on_404) lines.emplace_back("disable-on-404");
    if (check.send_state) lines.emplace_back("send-state");
    return lines;
}

}  // namespace pgsteer::config
