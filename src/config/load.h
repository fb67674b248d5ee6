// Text to one checked Config: read the files, split into words, let each keyword's row write its
// field, then resolve inheritance and check across lines. All mistakes are collected, none stops
// the reading. Pure but for reading the files; no name is resolved here. Control thread, at start
// and reload.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace pgsteer::config {

enum class Severity { notice, warning, alert };

struct Diagnostic {
    Severity severity = Severity::alert;
    Location at;
    // Without the location: "'sever' : unknown keyword ...; did you mean 'server'?"
    std::string text;
    // "[FILE:LINE] TEXT"
    std::string line() const;
};

enum class KeywordClass { honoured, inert, refused };

// One keyword met in the files; what `-c` reports.
struct KeywordUse {
    std::string keyword;  // with its section's or option's word, as "server ... check"
    KeywordClass kind = KeywordClass::honoured;
    Location at;
    std::string why;      // inert, refused: the reason
    std::string instead;  // refused: what to use
};

// All of them: the honoured ones are only counted.
struct KeywordUses {
    std::size_t honoured = 0;
    std::vector<KeywordUse> others;  // bounded

    void add(KeywordUse use);
};

struct LoadOptions {
    // Files, or folders whose *.cfg files are read in name order.
    std::vector<std::string> paths;
    std::function<std::optional<std::string>(const std::string& name)> environment;
    std::string local_peer = {};  // -L, else the host's name: HAPROXY_LOCALPEER
    bool diagnosing = false;      // -dD: `.diag` speaks
};

struct Loaded {
    Config config;
    std::vector<Diagnostic> diagnostics;
    KeywordUses uses;
    bool ok() const;  // no alert
};

Loaded load(const LoadOptions& options);
// For tests and fuzzing: the text of one file.
Loaded load_text(std::string_view text, const std::string& file_name,
                 const std::function<std::optional<std::string>(const std::string&)>& environment);

// A server of `add server BACKEND/NAME WORDS`. Error: what is wrong with the words.
Result<Server> parse_server(const Config& config, const Backend& backend, const std::string& name,
                            const std::vector<std::string>& words);

}  // namespace pgsteer::config
