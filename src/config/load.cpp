#include "config/load.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/reader.h"

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

Loaded finish(Draft&& draft) {
    Loaded loaded;
    resolve(draft, loaded.config);
    loaded.diagnostics = std::move(draft.diagnostics);
    loaded.uses = std::move(draft.uses);
    return loaded;
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
    Draft draft;
    for (const auto& path : options.paths) {
        for (const auto& file : files_of(draft, path)) {
            std::ifstream stream(file, std::ios::binary);
            std::ostringstream text;
            if (!stream)
                missing(draft, file, system_error("open").text);
            else if (stream.peek() != std::ifstream::traits_type::eof() &&
                     !(text << stream.rdbuf()))
                missing(draft, file, system_error("read").text);
            else
                read_text(draft, text.str(), file, options.environment);
        }
    }
    return finish(std::move(draft));
}

Loaded load_text(std::string_view text, const std::string& file_name,
                 const Environment& environment) {
    Draft draft;
    read_text(draft, text, file_name, environment);
    return finish(std::move(draft));
}

}  // namespace pgsteer::config
