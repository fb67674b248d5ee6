// Forms and words of HAProxy 2.6's master CLI (management manual, 9.4), tried beside it.
#include "router/master_cli.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "admin/command.h"
#include "base/descriptors.h"
#include "base/units.h"
#include "config/load.h"
#include "router/link.h"
#include "router/socket.h"

namespace asio = boost::asio;

using namespace asio::experimental::awaitable_operators;

namespace pgsteer::router {
namespace {

using Stream = asio::generic::stream_protocol::socket;
using Text = asio::awaitable<std::optional<std::string>>;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// HAProxy has none for its master; a forgotten terminal is let go some day.
constexpr std::chrono::hours longest_silence{1};
constexpr std::size_t most_clients = 10;
constexpr std::size_t most_line_bytes = 16'384;

const std::vector<const admin::CommandRow*>& rows() {
    using admin::Level;
    static constexpr admin::CommandRow all[] = {
        {"@!<pid>", "@!<pid>", "send a command to the <pid> process"},
        {"@<relative pid>", "@<relative pid>", "send a command to the <relative pid> process"},
        {"@master", "@master", "send a command to the master process"},
        {"operator", "operator", "lower the level of the current CLI session to operator"},
        {"reload", "reload", "reload haproxy", Level::operate},
        {"show cli level", "show cli level", "display the level of the current CLI session"},
        {"show cli sockets", "show cli sockets", "dump list of cli sockets"},
        {"show proc", "show proc", "show processes status"},
        {"show version", "show version", "show version of the current process"},
        {"user", "user", "lower the level of the current CLI session to user"},
        {"help", "help [<command>]", "list matching or all commands"},
        {"prompt", "prompt", "toggle interactive mode with prompt"},
        {"quit", "quit", "disconnect"},
    };
    static const std::vector<const admin::CommandRow*> pointers = [] {
        std::vector<const admin::CommandRow*> made;
        for (const admin::CommandRow& row : all)
            made.push_back(&row);
        return made;
    }();
    return pointers;
}

std::string uptime(std::int64_t span) {
    const std::int64_t left = std::max<std::int64_t>(span, 0);
    return fmt::format("{}d{:02}h{:02}m{:02}s", left / 86'400, left / 3600 % 24, left / 60 % 60,
                       left % 60);
}

std::string process_line(std::int64_t pid, std::string_view type, const std::string& reloads,
                         std::int64_t up, const std::string& version) {
    return fmt::format("{:<15} {:<15} {:<15} {:<15} {:<15}\n", pid, type, reloads, uptime(up),
                       version);
}

// Commands of a line, cut at each ';' that no '\' takes away.
std::vector<std::string> commands_of(std::string_view line) {
    std::vector<std::string> commands(1);
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) {
            commands.back() += line.substr(i++, 2);
        } else if (line[i] == ';') {
            commands.emplace_back();
        } else if (line[i] != '\r' && !(line[i] == ' ' && commands.back().empty())) {
            commands.back() += line[i];
        }
    }
    return commands;
}

class Client {
  public:
    Client(Stream& socket, Master& master, admin::Level level)
        : socket_(socket), timer_(socket.get_executor()), master_(master), level_(level) {}

    // Until the client has said its last, as HAProxy's master: any number of lines, also without a
    // prompt.
    asio::awaitable<void> run() {
        for (;;) {
            const auto line = co_await next_line();
            if (!line) co_return;
            for (const std::string& command : commands_of(*line)) {
                const bool goes_on = co_await answer(command);
                if (!goes_on) co_return;
            }
        }
    }

  private:
    Text next_line() {
        for (;;) {
            if (const auto end = received_.find('\n'); end != std::string::npos) {
                std::string line = received_.substr(0, end);
                received_.erase(0, end + 1);
                co_return line;
            }
            if (received_.size() >= most_line_bytes) co_return std::nullopt;
            const auto piece = co_await read_some(socket_);
            if (!piece) co_return std::nullopt;
            received_ += *piece;
        }
    }

    // Nothing: it has ended, or was silent for too long.
    Text read_some(Stream& from) {
        std::array<char, 4096> chunk;
        timer_.expires_after(longest_silence);
        const auto done = co_await (from.async_read_some(asio::buffer(chunk), as_result) ||
                                    timer_.async_wait(as_result));
        if (done.index() == 1) co_return std::nullopt;
        const auto [error, size] = std::get<0>(done);
        if (error) co_return std::nullopt;
        co_return std::string(chunk.data(), size);
    }

    asio::awaitable<bool> send(const std::string& text) {
        timer_.expires_after(longest_silence);
        const auto done = co_await (asio::async_write(socket_, asio::buffer(text), as_result) ||
                                    timer_.async_wait(as_result));
        co_return done.index() == 0 && !std::get<0>(std::get<0>(done));
    }

    // False: the conversation is over.
    asio::awaitable<bool> answer(std::string command) {
        pid_t target = target_;
        bool is_bare = false;
        const bool is_prefixed = command.starts_with('@');
        if (is_prefixed) {
            const std::string prefix = command.substr(0, command.find(' '));
            const auto found = find(prefix);
            if (!found) {
                const std::string text =
                    "Can't find the target PID matching the prefix '" + prefix + "'\n" + prompt();
                const bool sent = co_await send(text);
                co_return sent&& prompt_;
            }
            target = *found;
            const auto rest = command.find_first_not_of(' ', prefix.size());
            is_bare = rest == std::string::npos;
            command = is_bare ? "" : command.substr(rest);
        }
        if (is_bare) target_ = target;
        bool goes_on = false;
        if (is_bare || (!is_prefixed && is_of_connection(command)))
            goes_on = co_await send_prompt();
        else if (target != 0)
            goes_on = co_await forward(target, command);
        else
            goes_on = co_await answer_itself(command);
        co_return goes_on && !quit_;
    }

    // What is about the connection itself is the master's, whoever the rest is for.
    bool is_of_connection(const std::string& command) {
        const std::string first = command.substr(0, command.find(' '));
        if (first == "quit")
            quit_ = true;
        else if (first == "prompt")
            prompt_ = !prompt_;
        else if (first == "operator" || first == "user")
            level_ = std::min(level_, first == "user" ? admin::Level::user : admin::Level::operate);
        else
            return false;
        return true;
    }

    asio::awaitable<bool> answer_itself(const std::string& command) {
        const auto words = admin::split_line(command).front();
        const std::string first = words.empty() ? "" : words[0];
        if (first == "reload" && level_ >= admin::Level::operate) {
            // As in HAProxy 2.6 the connection ends; the next master knows nothing of it.
            socket_.close();
            master_.reload();
            co_return false;
        }
        const std::string text = text_for(words) + "\n" + prompt();
        const bool sent = co_await send(text);
        co_return sent;
    }

    asio::awaitable<bool> send_prompt() {
        if (!prompt_) co_return true;
        const std::string text = prompt();
        const bool sent = co_await send(text);
        co_return sent;
    }

    std::string text_for(const std::vector<std::string>& words) {
        std::string command;
        for (const std::string& word : words)
            command += (command.empty() ? "" : " ") + word;
        if (command.starts_with("show proc"))
            return processes(master_, std::chrono::duration_cast<seconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
        if (command.starts_with("show version")) return master_.version() + "\n";
        if (command.starts_with("show cli level")) return std::string(admin::word(level_)) + "\n";
        if (command.starts_with("show cli sockets")) return "";
        if (command == "reload") return "Permission denied\n";
        if (is_of_connection(command)) return "";
        if (command.starts_with("help"))
            return "The following commands are valid at this level:\n" + admin::help_text(rows());
        return admin::unknown_command(words, rows());
    }

    // 0: the master.
    std::optional<pid_t> find(const std::string& prefix) const {
        if (prefix == "@" || prefix == "@master" || prefix == "@0") return 0;
        const bool by_pid = prefix.starts_with("@!");
        const auto number = parse_integer(prefix.substr(by_pid ? 2 : 1), 0, INT32_MAX);
        if (!number) return std::nullopt;
        if (by_pid && *number == ::getpid()) return 0;
        for (const auto& worker : master_.workers()) {
            const bool meant =
                by_pid ? worker->record.pid == *number : *number == 1 && !worker->record.leaving;
            if (meant && worker->is_ready) return worker->record.pid;
        }
        return std::nullopt;
    }

    // The worker serves one end of a socketpair as a client of its own.
    asio::awaitable<bool> forward(pid_t pid, const std::string& command) {
        const auto& workers = master_.workers();
        const auto worker = std::find_if(workers.begin(), workers.end(),
                                         [pid](const auto& one) { return one->record.pid == pid; });
        if (worker == workers.end()) co_return false;
        int ends[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
            co_return false;
        UniqueFd theirs(ends[1]);
        Stream ours(socket_.get_executor(), asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
        const LinkWord word = level_ == admin::Level::admin     ? LinkWord::admin_client
                              : level_ == admin::Level::operate ? LinkWord::operator_client
                                                                : LinkWord::user_client;
        if (!tell((*worker)->link.get(), word, theirs.get())) co_return false;
        theirs.reset();
        const std::string line = command + "\n";
        const auto [error, size] = co_await asio::async_write(ours, asio::buffer(line), as_result);
        if (error || size == 0) co_return false;
        // One command and its answer, also where that one asks for a prompt.
        boost::system::error_code ignored;
        ours.shutdown(Stream::shutdown_send, ignored);
        for (;;) {
            const auto piece = co_await read_some(ours);
            if (!piece) break;
            const bool sent = co_await send(*piece);
            if (!sent) co_return false;
        }
        const bool goes_on = co_await send_prompt();
        co_return goes_on;
    }

    std::string prompt() const {
        if (!prompt_) return "";
        if (target_ != 0) return fmt::format("{}> ", target_);
        return master_.last_reload_failed() ? "master[ReloadFailed]> " : "master> ";
    }

    Stream& socket_;
    asio::steady_timer timer_;
    Master& master_;
    admin::Level level_;
    bool prompt_ = false;
    bool quit_ = false;
    pid_t target_ = 0;  // 0: the master
    std::string received_;
};

asio::awaitable<void> serve(Stream socket, Master& master, admin::Level level,
                            accept::Acceptor::Slot) {
    co_await Client(socket, master, level).run();
}

// The words of -S are those of a `stats socket` line, with commas between them.
Result<config::Bind> read_address(std::string words) {
    std::replace(words.begin(), words.end(), ',', ' ');
    const auto loaded = config::load_text("global\n    stats socket " + words + "\n", "-S",
                                          [](const auto&) { return std::nullopt; });
    constexpr unsigned its_line = 2;
    for (const config::Diagnostic& diagnostic : loaded.diagnostics)
        if (diagnostic.severity == config::Severity::alert && diagnostic.at.line == its_line)
            return Error{"-S " + words + ": " + diagnostic.text};
    if (loaded.config.global.stats_sockets.size() != 1)
        return Error{"-S " + words + ": names no address"};
    return loaded.config.global.stats_sockets.front();
}

Result<UniqueFd> listen_on(const config::Bind& bind, std::vector<OwnedPath>& paths) {
    using Kind = config::Bind::Kind;
    const config::Endpoint& endpoint = bind.endpoint;
    std::optional<Address> address;
    if (bind.kind == Kind::unix_socket)
        address = *endpoint.unix_socket;
    else if (bind.kind == Kind::any_ipv4)
        address = Address::any_ipv4(endpoint.port);
    else if (bind.kind == Kind::any_ipv6)
        address = Address::any_ipv6(endpoint.port);
    else
        address = Address::from_literal(endpoint.host, endpoint.port);
    if (!address) return Error{"'" + endpoint.host + "' is not an address"};
    auto socket = open_socket(*address, bind, {});
    if (socket) paths.push_back(owned_path(*address));
    return socket;
}

}  // namespace

std::string processes(const Master& master, std::int64_t now) {
    const MasterRecord& record = master.record();
    std::string text = fmt::format("{:<15} {:<15} {:<15} {:<15} {:<15}\n", "#<PID>", "<type>",
                                   "<reloads>", "<uptime>", "<version>");
    text += process_line(::getpid(), "master",
                         fmt::format("{} [failed: {}]", record.reloads, record.failed),
                         now - record.started, master.version());
    const auto add = [&](bool leaving) {
        for (const auto& worker : master.workers())
            if (worker->record.leaving == leaving)
                text += process_line(worker->record.pid, "worker",
                                     std::to_string(record.reloads - worker->record.born_after),
                                     now - worker->record.started, worker->record.version);
    };
    text += "# workers\n";
    add(false);
    const bool any_old = std::any_of(master.workers().begin(), master.workers().end(),
                                     [](const auto& worker) { return worker->record.leaving; });
    if (any_old) text += "# old workers\n";
    add(true);
    return text + "# programs\n";
}

Result<std::unique_ptr<MasterCli>> MasterCli::open(asio::io_context& io, Master& master,
                                                   const std::vector<std::string>& addresses,
                                                   const std::vector<int>& inherited) {
    auto cli = std::unique_ptr<MasterCli>(new MasterCli());
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const auto bind = read_address(addresses[i]);
        if (!bind) return bind.error();
        if (i < inherited.size()) {
            cli->sockets_.emplace_back(inherited[i]);
            close_on_exec(inherited[i]);
            cli->paths_.push_back(owned_path(Address::local_of(inherited[i])));
        } else {
            auto socket = listen_on(*bind, cli->paths_);
            if (!socket) return Error{"-S: " + socket.error().text};
            cli->sockets_.push_back(std::move(*socket));
        }
        const int listener = cli->sockets_.back().get();
        cli->listeners_.push_back(listener);
        const auto level =
            admin::level_of(bind->level.value_or("admin")).value_or(admin::Level::admin);
        cli->acceptors_.push_back(std::make_unique<accept::Acceptor>(
            io.get_executor(), duplicate(listener), most_clients,
            [&io, &master, level](UniqueFd fd, accept::Acceptor::Slot slot) {
                boost::system::error_code error;
                Stream socket(io);
                const int family = Address::local_of(fd.get()).family();
                socket.assign(asio::generic::stream_protocol(family, 0), fd.get(), error);
                if (error) return;
                fd.release();
                asio::co_spawn(io, serve(std::move(socket), master, level, std::move(slot)),
                               asio::detached);
            }));
    }
    return cli;
}

MasterCli::~MasterCli() {
    acceptors_.clear();
    remove_paths(paths_);
}

}  // namespace pgsteer::router
