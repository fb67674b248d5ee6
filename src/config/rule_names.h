// Names in rules: are the proxies, servers and stick tables there that a rule or a fetch is about?
// Asked once all sections are known. Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/keywords.h"

namespace pgsteer::config {

bool has_backend_half(const Proxy& proxy);
// Null: there is none with a backend half, or with a frontend half.
const Proxy* find_proxy(const Draft& draft, std::string_view name, bool backend);
const TableSpec* find_table(const Draft& draft, std::string_view name);
bool has_server(const Proxy& proxy, const std::string& name);

// What a fetch in a rule of the section `own` names and is not there, in words; empty: nothing.
std::string wrong_name(const Draft& draft, const Proxy& own, const Sample& sample);

}  // namespace pgsteer::config
