#include "probe/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "base/fd.h"

namespace pgsteer::probe {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using config::CheckStatus;
using health::ScriptEnd;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// How long a killed program may take to be gone.
constexpr milliseconds longest_death{500};

// A running child and everything in its process group; they are ended when this is.
class Child {
  public:
    explicit Child(pid_t pid) : pid_(pid) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { (void)end(); }

    // Its wait status, when it has ended. A process that even SIGKILL does not end (it waits for a
    // dead disk) is left behind: this thread must not wait for it.
    std::optional<int> end() {
        if (pid_ <= 0) return std::nullopt;
        kill_group();
        int status = 0;
        const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
        pid_ = 0;
        return ended > 0 ? std::optional(status) : std::nullopt;
    }
    void kill_group() const { ::kill(-pid_, SIGKILL); }

  private:
    pid_t pid_;
};

struct Spawn {
    Spawn() {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&attributes);
        for (const int descriptor : {0, 1, 2})
            ::posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
        sigset_t none{};
        sigset_t all{};
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        constexpr int flags =
            POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        ::posix_spawnattr_setflags(&attributes, static_cast<short>(flags));
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn() {
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> list;
    for (std::string& word : words)
        list.push_back(word.data());
    list.push_back(nullptr);
    return list;
}

ScriptEnd end_of(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {CheckStatus::program_ok, 0, ""};
    if (WIFEXITED(status)) return {CheckStatus::program_failed, WEXITSTATUS(status), ""};
    return {CheckStatus::program_failed, 0,
            std::string("ended by signal ") + ::strsignal(WTERMSIG(status))};
}

}  // namespace

asio::awaitable<decltype(health::Observation::outcome)> run_program(const Target& target) {
    const Address& server = target.destinations.at(0).addresses.at(0);
    const health::Program& program = target.program;
    const std::string port =
        server.family() == AF_UNIX ? "NOT_USED" : std::to_string(number(server.port()));
    const std::string host = server.family() == AF_UNIX ? server.text() : server.host();
    std::vector<std::string> arguments{program.command, program.proxy_address, program.proxy_port,
                                       host, port};
    std::vector<std::string> environment = program.environment;
    environment.push_back("HAPROXY_SERVER_ADDR=" + host);
    environment.push_back("HAPROXY_SERVER_PORT=" + port);
    environment.push_back("HAPROXY_SERVER_CURCONN=" + std::to_string(target.current_sessions));
    const Spawn how;
    pid_t pid = 0;
    const int failed = ::posix_spawn(&pid, program.command.c_str(), &how.files, &how.attributes,
                                     pointers(arguments).data(), pointers(environment).data());
    if (failed != 0)
        co_return health::Failure{health::FailureKind::internal,
                                  program.command + ": " + ::strerror(failed)};
    Child child(pid);
    UniqueFd ended(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (!ended)
        co_return health::Failure{health::FailureKind::internal,
                                  std::string("pidfd_open: ") + ::strerror(errno)};
    asio::posix::stream_descriptor watch(co_await asio::this_coro::executor, ended.release());
    asio::steady_timer timer(watch.get_executor(), target.answer_timeout);
    const auto done =
        co_await (watch.async_wait(asio::posix::stream_descriptor::wait_read, as_result) ||
                  timer.async_wait(as_result));
    if (done.index() == 1) {
        child.kill_group();
        timer.expires_after(longest_death);
        (void)co_await (watch.async_wait(asio::posix::stream_descriptor::wait_read, as_result) ||
                        timer.async_wait(as_result));
        co_return ScriptEnd{CheckStatus::program_timeout, 0, "", false};
    }
    // Readable: it has ended.
    co_return end_of(child.end().value_or(-1));
}

}  // namespace pgsteer::probe
