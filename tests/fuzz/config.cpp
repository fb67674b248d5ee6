// A stranger's configuration: any text is answered with a Config or with diagnostics that name a
// line of it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/dump.h"
#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto environment = [](const std::string& name) {
        return name.size() % 2 == 0 ? std::optional<std::string>(name) : std::nullopt;
    };
    const auto loaded = pgsteer::config::load_text(text, "f", environment);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.at.line > lines || diagnostic.text.empty()) std::abort();
    if (pgsteer::config::dump(loaded.config).empty()) std::abort();
    if (!loaded.ok()) return 0;
    for (const auto& front : loaded.config.frontends) {
        if (front.mode == pgsteer::config::Frontend::Mode::http || front.disabled) continue;
        const auto& backends = loaded.config.backends;
        const auto is_known = [&](const std::string& name) {
            return std::any_of(backends.begin(), backends.end(),
                               [&](const auto& back) { return back.name == name; });
        };
        if (!front.default_backend && front.rules.backends.empty()) std::abort();
        if (front.default_backend && !is_known(*front.default_backend)) std::abort();
        for (const auto& choice : front.rules.backends)
            if (!is_known(choice.name)) std::abort();
    }
    return 0;
}
