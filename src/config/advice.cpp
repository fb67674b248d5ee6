#include "config/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/units.h"

namespace pgsteer::config {
namespace {

// A session that lives longer without a word is not kept by anything else either.
constexpr milliseconds long_silence = std::chrono::hours(24);

bool is_page(const Frontend& front) {
    return front.mode == Frontend::Mode::http;
}

// Of those that a line asks for: `option httpchk` and `option pgsql-check` bring their own.
const Expect* last_expectation(const Check& check) {
    const Expect* last = nullptr;
    for (const Step& step : check.steps)
        if (const auto* const expect = std::get_if<Expect>(&step))
            if (expect->note.number > 0) last = expect;
    return last;
}

std::string uri_of(const Check& check) {
    for (const Step& step : check.steps)
        if (const auto* const send = std::get_if<HttpSendStep>(&step))
            return constant(send->uri).value_or("");
    return "";
}

// Paths of Patroni and of pgsteer's agent that answer 200 for what they name alone.
bool asks_for_a_role(std::string_view uri) {
    const auto path = uri.substr(0, uri.find('?'));
    constexpr std::string_view roles[] = {
        "/primary",   "/master",         "/leader",         "/read-write",     "/replica",
        "/standby",   "/sync",           "/synchronous",    "/async",          "/asynchronous",
        "/read-only", "/standby-leader", "/standby_leader", "/read-only-sync", "/quorum"};
    return std::find(std::begin(roles), std::end(roles), path) != std::end(roles);
}

enum class Tells { role, nothing, every_success };

// Can this check tell a primary from a standby?
Tells tells(const Check& check) {
    if (check.kind == Check::Kind::role)
        return check.role.expect == RoleCheck::Expect::any ? Tells::nothing : Tells::role;
    if (check.kind != Check::Kind::script) return Tells::role;  // a program knows what it asks
    const Expect* const expect = last_expectation(check);
    if (check.http)
        return expect == nullptr && !asks_for_a_role(uri_of(check)) ? Tells::every_success
                                                                    : Tells::role;
    if (expect == nullptr) return Tells::nothing;
    return Tells::role;  // a dialogue of its own
}

bool leads_to(const Frontend& front, const std::string& backend) {
    if (front.default_backend == backend) return true;
    for (const Choice& choice : front.rules.backends)
        if (choice.name == backend) return true;
    return false;
}

// Do servers of the one track some of the other?
bool follows(const Backend& back, const std::string& tracked) {
    for (const Server& server : back.servers)
        if (server.track.starts_with(tracked + "/")) return true;
    return false;
}

class Adviser {
  public:
    explicit Adviser(const Config& config) : config_(config) {}

    std::vector<Advice> run() {
        for (const Backend& back : config_.backends)
            if (!back.disabled) look_at(back);
        for (const Frontend& front : config_.frontends)
            if (!front.disabled && !is_page(front)) look_at(front);
        look_at_binds();
        look_at_root_folder();
        std::stable_sort(advice_.begin(), advice_.end(), [](const Advice& a, const Advice& b) {
            const bool same_file = a.at.file == b.at.file;
            return same_file && a.at.line < b.at.line;
        });
        return std::move(advice_);
    }

  private:
    void add(const Location& at, std::string text) { advice_.push_back({at, std::move(text)}); }

    void look_at(const Backend& back) {
        if (back.servers.empty()) return;
        look_at_use(back);
        look_at_checks(back);
        std::set<std::string> told;  // servers with the same times say it once
        for (const Server& server : back.servers)
            if (server.check && told.insert(noticed(back, server)).second)
                add(server.at, fmt::format("backend '{}' : {}", back.name, noticed(back, server)));
    }

    void look_at_use(const Backend& back) {
        bool used = false;
        for (const Frontend& front : config_.frontends)
            used = used || leads_to(front, back.name);
        for (const Backend& other : config_.backends)
            used = used || follows(other, back.name);
        if (!used) add(back.at, fmt::format("backend '{}' : no frontend uses it", back.name));
    }

    void look_at_checks(const Backend& back) {
        const auto& servers = back.servers;
        for (const Server& server : servers)
            if (!server.check && server.track.empty() && !server.agent.enabled && !back.dispatch)
                add(server.at, fmt::format("server '{}/{}' : has no 'check': it gets sessions "
                                           "while it is dead, and whatever its role is",
                                           back.name, server.name));
        const bool checked =
            std::any_of(servers.begin(), servers.end(), [](const Server& s) { return s.check; });
        if (!checked) return;
        const Tells told = tells(back.check);
        if (servers.size() > 1 && told == Tells::nothing)
            add(back.at, fmt::format("backend '{}' : its check cannot tell a primary from a "
                                     "standby: sessions go to both; use 'option httpchk' with an "
                                     "agent, or 'option pgsql-role-check ... expect primary'",
                                     back.name));
        if (servers.size() > 1 && told == Tells::every_success)
            add(back.at, fmt::format("backend '{}' : any 2xx or 3xx passes its check, a "
                                     "standby's 206 too; add 'http-check expect status 200', or "
                                     "ask for a path such as /primary",
                                     back.name));
        for (const Server& server : servers)
            if (server.check && told == Tells::role && !server.cut_when_down)
                return add(server.at,
                           fmt::format("server '{}/{}' : sessions stay on it when it changes its "
                                       "role; add 'on-marked-down shutdown-sessions'",
                                       back.name, server.name));
    }

    // "a dead primary is noticed after 9 s". The first failing check comes up to `inter` after the
    // death; `fastinter` counts between that and the last.
    static std::string noticed(const Backend& back, const Server& server) {
        const milliseconds quick = server.fast_inter.value_or(server.inter);
        const milliseconds down = server.inter + quick * (server.fall - 1);
        const milliseconds up =
            server.down_inter.value_or(server.inter) + quick * (server.rise - 1);
        const milliseconds silent =
            back.check_timeout.count() > 0 ? back.check_timeout : server.inter;
        return fmt::format(
            "a dead {} is noticed after {} (fall {}, inter {}{}), one that is silent after up to "
            "{} more (timeout check); one that is back after {} (rise {}); with pgsteer's agent "
            "behind the check: at once",
            back.check.http && wants(back.check, "200") ? "primary" : "server", spoken(down),
            server.fall, format_time(server.inter),
            server.fast_inter ? ", fastinter " + format_time(*server.fast_inter) : "",
            spoken(silent), spoken(up), server.rise);
    }

    static bool wants(const Check& check, const std::string& status) {
        const Expect* const expect = last_expectation(check);
        return expect != nullptr && expect->kind == Expect::Kind::status && !expect->negate &&
               constant(expect->pattern) == status;
    }

    static std::string spoken(milliseconds time) {
        if (time.count() % 1000 == 0) return fmt::format("{} s", time.count() / 1000);
        if (time.count() > 1000)
            return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
        return fmt::format("{} ms", time.count());
    }

    void look_at(const Frontend& front) {
        const Backend* back = nullptr;
        for (const Backend& one : config_.backends)
            if (one.name == front.default_backend) back = &one;
        const bool tunnel = back != nullptr && back->tunnel_timeout.count() > 0;
        std::optional<milliseconds> shortest;
        std::string name;
        const auto consider = [&](milliseconds time, const char* keyword) {
            if (time.count() == 0 || (shortest && *shortest <= time)) return;
            shortest = time;
            name = keyword;
        };
        if (!tunnel) consider(front.client_timeout, "timeout client");
        if (!tunnel && back != nullptr) consider(back->server_timeout, "timeout server");
        if (tunnel) consider(back->tunnel_timeout, "timeout tunnel");
        if (shortest && *shortest < long_silence)
            add(front.at, fmt::format("frontend '{}' : a session that is silent for {} is ended "
                                      "('{}'): those that LISTEN, wait in a pool or run a long "
                                      "query; raise it, and let 'option clitcpka' find clients "
                                      "that are gone",
                                      front.name, format_time(*shortest), name));
        if (!front.keepalive.enabled && !shortest)
            add(front.at, fmt::format("frontend '{}' : a client whose machine is gone is never "
                                      "noticed; add 'option clitcpka'",
                                      front.name));
    }

    // Of two addresses with one port the closer one gets its clients, the other the rest.
    void look_at_binds() {
        std::map<Port, const Bind*> everywhere;
        each_bind([&](const Bind& bind) {
            if (bind.kind == Bind::Kind::any_ipv4) everywhere.emplace(bind.endpoint.port, &bind);
        });
        each_bind([&](const Bind& bind) {
            const auto found = everywhere.find(bind.endpoint.port);
            if (bind.kind == Bind::Kind::endpoint && found != everywhere.end() && !bind.interface &&
                !found->second->interface)
                add(bind.at, fmt::format("'bind {}' takes the clients that call this address from "
                                         "'bind *:{}' at {}",
                                         bind.endpoint.text(), number(bind.endpoint.port),
                                         found->second->at.text()));
        });
    }

    // What is looked for by its path after the start is looked for within.
    void look_at_root_folder() {
        const Global& global = config_.global;
        if (!global.root_folder) return;
        std::vector<std::string> within;
        for (const Backend& back : config_.backends) {
            if (!back.check.external.command.empty())
                within.push_back("'external-check command' of '" + back.name + "'");
            if (!back.check.role.passfile.empty())
                within.push_back("'passfile' of '" + back.name + "'");
            for (const Server& server : back.servers)
                if (server.endpoint.unix_socket && server.endpoint.unix_socket->is_unix() &&
                    !server.endpoint.unix_socket->text().starts_with('@'))
                    within.push_back("the path of '" + back.name + "/" + server.name + "'");
        }
        std::string text;
        for (const std::string& one : within)
            text += (text.empty() ? "" : ", ") + one;
        if (!text.empty())
            add(global.root_folder_at,
                fmt::format("'chroot {}' : looked for within it: {}", *global.root_folder, text));
        if (!global.master)
            add(global.root_folder_at,
                fmt::format(
                    "'chroot {}' : the files cannot be read again from within: for a reload "
                    "run with -W or add 'master-worker'",
                    *global.root_folder));
    }

    template <class Visit>
    void each_bind(Visit visit) const {
        for (const Frontend& front : config_.frontends)
            if (!front.disabled)
                for (const Bind& bind : front.binds)
                    visit(bind);
    }

    const Config& config_;
    std::vector<Advice> advice_;
};

}  // namespace

std::vector<Advice> advise(const Config& config) {
    return Adviser(config).run();
}

}  // namespace pgsteer::config
