// The files the page is made of beside its HTML, as they are in src/admin/assets/: part of the
// binary, put there by cmake/embed.cmake. Any thread.
#pragma once

#include <span>
#include <string_view>

namespace pgsteer::admin {

struct Asset {
    std::string_view name;  // "page.css"
    std::string_view type;  // of its content
    std::string_view content;
};

std::span<const Asset> assets();

}  // namespace pgsteer::admin
