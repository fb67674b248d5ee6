#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/reader.h"
#include "config/versions.h"

namespace pgsteer::config {
namespace {

void missing(Draft& draft, const std::string& path, const std::string& why) {
    draft.alert({std::make_shared<const std::string>(path), 0},
                "cannot read '" + path + "': " + why);
}

// The path itself, or the *.cfg files of a folder in name order.
std::vector<std::string> files_of(Draft& draft, const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::is_directory(path, failed)) return {path};
    std::vector<std::string> files;
    std::filesystem::directory_iterator entry(path, failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed))
        if (entry->path().extension() == ".cfg") files.push_back(entry->path().string());
    if (failed) missing(draft, path, failed.message());
    if (!failed && files.empty()) missing(draft, path, "no *.cfg file in this folder");
    std::sort(files.begin(), files.end());
    return files;
}

constexpr std::uintmax_t most_file_bytes = 64U << 20;

void read_file(Draft& draft, const std::string& file, const Environment& environment) {
    std::error_code unknown;
    if (std::filesystem::file_size(file, unknown) > most_file_bytes && !unknown)
        return missing(draft, file, "it is larger than 64 MiB");
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return missing(draft, file, system_error("open").text);
    // Piecewise: a pipe or a device tells no size, and may never end.
    std::string text;
    std::vector<char> piece(1U << 16);
    while (stream.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
           stream.gcount() > 0) {
        text.append(piece.data(), static_cast<std::size_t>(stream.gcount()));
        if (text.size() > most_file_bytes) return missing(draft, file, "it is larger than 64 MiB");
    }
    if (stream.bad()) return missing(draft, file, system_error("read").text);
    read_text(draft, text, file, environment);
}

Loaded finish(Draft&& draft) {
    Loaded loaded;
    resolve(draft, loaded.config);
    loaded.diagnostics = std::move(draft.diagnostics);
    loaded.uses = std::move(draft.uses);
    return loaded;
}

// What HAProxy tells the files of itself (manual 2.3); they can hide it as any variable.
Draft fresh(const LoadOptions& options) {
    Draft draft;
    draft.diagnosing = options.diagnosing;
    draft.variables["HAPROXY_LOCALPEER"] = options.local_peer;
    draft.variables["HAPROXY_STARTUP_VERSION"] = dialect_text;
    return draft;
}

}  // namespace

std::string Diagnostic::line() const {
    return "[" + at.text() + "] " + text;
}

bool Loaded::ok() const {
    return std::none_of(diagnostics.begin(), diagnostics.end(),
                        [](const Diagnostic& d) { return d.severity == Severity::alert; });
}

Loaded load(const LoadOptions& options) {
    Draft draft = fresh(options);
    for (const auto& path : options.paths)
        for (const auto& file : files_of(draft, path))
            read_file(draft, file, options.environment);
    return finish(std::move(draft));
}

Loaded load_text(std::string_view text, const std::string& file_name,
                 const Environment& environment) {
    Draft draft;
    read_text(draft, text, file_name, environment);
    return finish(std::move(draft));
}

}  // namespace pgsteer::config
