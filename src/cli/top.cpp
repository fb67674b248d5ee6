#include "cli/top.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <iostream>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/units.h"
#include "cli/runtime_client.h"
#include "top/screen.h"
#include "top/terminal.h"

namespace pgsteer::cli {
namespace {

constexpr int not_shown = 2;
constexpr milliseconds least_interval{100};
// A router that is too busy to answer is told from one that hangs.
constexpr milliseconds patience{5000};

struct TopFlags {
    std::string socket = usual_socket;
    std::string interval = "2s";
    bool once = false;
};

int refuse(const std::string& text) {
    std::cerr << "pgsteer top: " << text << '\n';
    return not_shown;
}

// Signals come as something to read: nothing interrupts, and the terminal is always given back.
Result<UniqueFd> open_signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGTSTP})
        ::sigaddset(&set, number);
    if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return system_error("sigprocmask");
    UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) return system_error("signalfd");
    return fd;
}

// One loop: keys, signals, the answer that is under way, and the time to ask again.
class Top {
  public:
    Top(const TopFlags& flags, std::vector<Address> addresses, milliseconds interval,
        top::Terminal terminal, UniqueFd signals)
        : socket_(flags.socket),
          addresses_(std::move(addresses)),
          interval_(interval),
          terminal_(std::move(terminal)),
          signals_(std::move(signals)) {}

    int run() {
        while (!end_) {
            const TimePoint now = Clock::now();
            if (!question_ && now >= next_look_) look();
            move_question();
            terminal_.draw(top::screen(picture_, view_, socket_, terminal_.size()));
            wait();
            take_signals();
            take_keys();
        }
        return *end_;
    }

  private:
    void look() {
        with_sessions_ = view_.page == top::Page::sessions;
        asked_ = Clock::now();
        order_.reset();
        question_.emplace(socket_, addresses_, top::question(with_sessions_),
                          after(asked_, patience));
    }

    void move_question() {
        while (question_) {
            const auto answer = question_->go_on(Clock::now());
            if (!answer) return;
            question_.reset();
            finish(*answer);
        }
    }

    void finish(const Result<std::string>& answer) {
        next_look_ = view_.paused ? never : after(Clock::now(), interval_);
        if (!answer) {
            view_.away = answer.error().text;
            if (order_) fail_order(answer.error().text);
        } else if (order_) {
            top::tell(view_, *order_, *answer);
            next_look_ = Clock::now();
        } else {
            take_picture(*answer);
        }
        order_.reset();
        if (waiting_order_) send_order();
    }

    void take_picture(const std::string& text) {
        auto picture = top::read_picture(text, with_sessions_);
        if (!picture) {
            view_.away = fmt::format("{}: {}", socket_, picture.error().text);
            return;
        }
        view_.away.clear();
        top::set_rates(*picture, picture_, asked_ - pictured_);
        picture_ = std::move(*picture);
        pictured_ = asked_;
    }

    void fail_order(const std::string& why) {
        view_.message = fmt::format("{}: {}", order_->words, why);
        view_.message_is_bad = true;
    }

    // One question at a time: an order waits for the picture that is under way.
    void send_order() {
        order_ = std::move(waiting_order_);
        waiting_order_.reset();
        question_.emplace(socket_, addresses_, order_->commands, after(Clock::now(), patience));
    }

    void wait() {
        std::array<pollfd, 3> watched{
            {{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}, {-1, 0, 0}}};
        TimePoint until = next_look_;
        if (question_) {
            watched[2] = {question_->fd(), question_->events(), 0};
            until = question_->deadline();
        }
        int milliseconds_left = -1;
        if (until != never) {
            const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
            milliseconds_left = left > 0 ? static_cast<int>(left) : 0;
        }
        (void)::poll(watched.data(), watched.size(), milliseconds_left);
        if ((watched[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) end_ = 128 + SIGHUP;
    }

    void take_signals() {
        signalfd_siginfo info{};
        while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
            const auto number = static_cast<int>(info.ssi_signo);
            if (number == SIGWINCH) {
                terminal_.resize();
            } else if (number == SIGTSTP) {
                terminal_.leave();
                (void)::raise(SIGSTOP);
                terminal_.come_back();
            } else {
                end_ = 128 + number;
            }
        }
    }

    void take_keys() {
        while (const auto key = terminal_.key()) {
            const bool was_paused = view_.paused;
            top::Effect effect = top::press(view_, picture_, *key);
            if (effect.quit) end_ = 0;
            if (effect.look_again) next_look_ = Clock::now();
            if (view_.paused && !was_paused) next_look_ = never;
            if (effect.order && !waiting_order_) {
                waiting_order_ = std::move(effect.order);
                if (!question_) send_order();
            }
        }
    }

    std::string socket_;
    std::vector<Address> addresses_;
    milliseconds interval_;
    top::Terminal terminal_;
    UniqueFd signals_;
    top::Picture picture_;
    top::View view_;
    std::optional<RuntimeQuestion> question_;
    std::optional<top::Order> order_, waiting_order_;  // under way; to be sent
    bool with_sessions_ = false;
    TimePoint next_look_{}, asked_{}, pictured_{};
    std::optional<int> end_;
};

std::size_t print_width() {
    constexpr std::size_t without_terminal = 200;
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                             : without_terminal;
}

int print_once(const TopFlags& flags) {
    const auto answer = ask_router(flags.socket, top::question(false), patience);
    if (!answer) return refuse(answer.error().text);
    const auto picture = top::read_picture(*answer, false);
    if (!picture) return refuse(fmt::format("{}: {}", flags.socket, picture.error().text));
    for (const top::Line& line : top::printout(*picture, {}, flags.socket, print_width())) {
        std::string text = line.text();
        text.erase(text.find_last_not_of(' ') + 1);
        std::cout << text << '\n';
    }
    std::cout.flush();
    return std::cout ? 0 : refuse("cannot write to the standard output");
}

Result<milliseconds> checked_interval(const std::string& text) {
    const auto time = parse_time(text, BareNumber::is_seconds);
    if (!time) return Error{fmt::format("--interval '{}': {}", text, time.error().text)};
    if (*time < least_interval)
        return Error{
            fmt::format("--interval '{}': the least is {}", text, format_time(least_interval))};
    return *time;
}

int show(const TopFlags& flags) {
    const auto interval = checked_interval(flags.interval);
    if (!interval) return refuse(interval.error().text);
    if (flags.once) return print_once(flags);
    auto addresses = router_addresses(flags.socket);
    if (!addresses) return refuse(addresses.error().text);
    auto signals = open_signals();
    if (!signals) return refuse(signals.error().text);
    auto terminal = top::Terminal::open();
    if (!terminal) return refuse(terminal.error().text);
    return Top(flags, std::move(*addresses), *interval, std::move(*terminal), std::move(*signals))
        .run();
}

}  // namespace

int run_top(int argc, char** argv) {
    CLI::App app(
        "Shows a running router live: its nodes, servers, sessions and what changed; keys drain,\n"
        "put into maintenance and cut. Press h there for the keys.",
        "pgsteer top");
    TopFlags flags;
    app.add_option("--socket", flags.socket, "PATH or HOST:PORT of the router's stats socket")
        ->capture_default_str();
    app.add_option("--interval", flags.interval, "time between two looks; a bare number is seconds")
        ->capture_default_str();
    app.add_flag("--once", flags.once, "print one picture and end");
    std::signal(SIGPIPE, SIG_IGN);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return error.get_exit_code() == 0 ? app.exit(error) : refuse(error.what());
    }
    log::silence_stderr();
    return show(flags);
}

}  // namespace pgsteer::cli
