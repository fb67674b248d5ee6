// A stranger's service file: any text is answered with services that can run or with diagnostics
// that name a line of it.
#include "config/xinetd.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace pgsteer::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const SystemNames names{
        [](const std::string& name) -> std::optional<std::uint16_t> {
            if (name.size() % 2 == 0) return 1;
            return std::nullopt;
        },
        [](const std::string&) { return std::optional<SystemNames::User>(SystemNames::User{}); },
        [](const std::string&) { return std::optional<gid_t>(0); },
        [](const std::string&) { return true; }};
    const auto loaded = load_inet_text(text, "f", names);
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& diagnostic : loaded.diagnostics)
        if (diagnostic.at.line > lines || diagnostic.text.empty()) std::abort();
    for (const InetService& service : loaded.config.services) {
        const bool runs = !service.server.empty() || service.redirect || !service.answer.empty() ||
                          service.builtin != Builtin::none;
        if (!service.port || !runs || service.id.empty()) std::abort();
    }
    return 0;
}
