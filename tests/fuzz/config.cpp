// A stranger's configuration: any text is answered with a Config or with diagnostics that name a
// line of it; what is said of it, to people and for the next reader, can be said of every text.
// The first byte chooses the environment, so that conditions and variables take both ways.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/check_report.h"
#include "config/conditions.h"
#include "config/dump.h"
#include "config/load.h"

namespace {

using namespace pgsteer::config;

void must(bool holds) {
    if (!holds) std::abort();
}

bool has(const std::vector<Backend>& backends, const std::string& name) {
    return std::any_of(backends.begin(), backends.end(),
                       [&](const Backend& back) { return back.name == name; });
}

void check_diagnostics(const Loaded& loaded, std::size_t lines) {
    for (const Diagnostic& diagnostic : loaded.diagnostics)
        must(diagnostic.at.line <= lines && !diagnostic.text.empty());
    for (const KeywordUse& use : loaded.uses.others) {
        must(use.at.line > 0 && use.at.line <= lines && !use.keyword.empty() && !use.why.empty());
        must(use.kind != KeywordClass::refused || !use.instead.empty());
    }
}

// What the planes rely on.
void check_valid(const Config& config) {
    for (const Frontend& front : config.frontends) {
        if (front.mode == Frontend::Mode::http || front.disabled) continue;
        must(front.default_backend || !front.rules.backends.empty());
        must(!front.default_backend || has(config.backends, *front.default_backend));
        for (const Choice& choice : front.rules.backends)
            must(has(config.backends, choice.name));
    }
    for (const Backend& back : config.backends)
        for (const Server& server : back.servers)
            must(!server.name.empty() && server.rise > 0 && server.fall > 0 &&
                 server.inter.count() > 0 && server.weight <= 256);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const bool set = !text.empty() && static_cast<unsigned char>(text[0]) % 2 == 0;
    const Environment environment = [set](const std::string& name) {
        return (name.size() % 2 == 0) == set ? std::optional(name + " " + name) : std::nullopt;
    };
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    const Loaded loaded = load_text(text, "f", environment);
    check_diagnostics(loaded, lines);
    must(!dump(loaded.config).empty());
    must(!check_report(loaded.uses).empty());
    if (loaded.ok()) {
        check_valid(loaded.config);
        (void)advice_report(advise(loaded.config));
    }
    (void)command_line_condition_holds(text.substr(0, text.find('\n')), environment);
    return 0;
}
