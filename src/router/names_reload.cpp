// What is known of names goes over to the next configuration.
#include <utility>

#include "router/names.h"

namespace pgsteer::router {

void Names::reload(std::shared_ptr<const config::Config> config) {
    config_ = std::move(config);
    auto before = std::exchange(names_, {});
    add_all();
    for (auto& [key, name] : before) {
        if (name.literal) continue;
        // Targets of services are known by answers alone.
        const auto* const section = name.section ? section_of(name.section_name) : nullptr;
        if (name.of_service && section != nullptr && !names_.contains(key)) {
            Name& added = names_[key];
            added.host = name.host;
            added.section = section;
            added.section_name = name.section_name;
            added.wanted = name.wanted;
            added.of_service = true;
        }
        if (const auto found = names_.find(key); found != names_.end())
            go_on(found->second, std::move(name));
    }
}

void Names::go_on(Name& name, Name before) {
    if (name.section_name != before.section_name || name.wanted != before.wanted) return;
    name.held = std::move(before.held);
    before.places.resize(name.places.size());
    before.services.resize(name.services.size());
    name.places = std::move(before.places);
    name.services = std::move(before.services);
    name.under_way = before.under_way;
    name.asked = before.asked;
    name.due = before.due;
    name.pause = before.pause;
    name.told_by = std::move(before.told_by);
}

std::map<std::string, std::vector<Address>> Names::known() const {
    std::map<std::string, std::vector<Address>> known;
    for (const auto& [key, name] : names_)
        if (!name.literal && name.held.known()) known[name.host] = name.held.addresses();
    return known;
}

}  // namespace pgsteer::router
