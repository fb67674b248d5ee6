// The words of `tcp-check` and `http-check` lines as steps of a check. Each says its errors on the
// line itself and answers nothing then. Control thread.
#pragma once

#include <optional>

#include "config/check.h"
#include "config/keywords.h"

namespace pgsteer::config {

enum class CheckProtocol { tcp, http };

std::optional<ConnectStep> read_connect(Line& line, Words words, CheckProtocol protocol);
// `kind` is the line's second word: send, send-binary, send-lf or send-binary-lf.
std::optional<SendStep> read_send(Line& line, std::string_view kind, Words words);
// Changes what `request` says; what is not named stays.
bool read_http_send(Line& line, Words words, HttpSendStep& request);
std::optional<Expect> read_expect(Line& line, Words words, CheckProtocol protocol);
// "h2,http/1.1" as it is given to alpn.
std::vector<std::string> read_alpn(Line& line, const std::string& text);

}  // namespace pgsteer::config
