// short_connections PORT COUNT CONCURRENT byte|client-ends|server-closes: makes COUNT connections,
// CONCURRENT at a time, through a proxy. `byte`: send one byte, read it back, close. `client-ends`:
// connect, send nothing but the end, wait for the other end's. `server-closes`: connect and wait
// for the other end to close. One thread; prints one JSON line with seconds and failures.
#include <array>
#include <chrono>
#include <vector>

#include "loopback.h"

namespace {

using namespace pgsteer;

struct Job {
    std::uint16_t port = 0;
    std::uint32_t count = 0;
    bool byte = false;
    bool ends = false;
};

class Run {
  public:
    Run(const Job& job, std::uint32_t concurrent)
        : job_(job), epoll_(::epoll_create1(EPOLL_CLOEXEC)), slots_(concurrent) {}

    std::uint32_t failed() const { return failed_; }

    void finish_all() {
        for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
            start(slot);
        std::array<epoll_event, 256> events;
        while (finished_ < job_.count) {
            const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), 10'000);
            if (count <= 0) {
                errno = ETIMEDOUT;
                bench::give_up("no connection moved for 10 s");
            }
            for (int i = 0; i < count; ++i)
                step(events[static_cast<std::size_t>(i)]);
        }
    }

  private:
    struct Slot {
        UniqueFd fd;
        bool sent = false;
    };

    void start(std::uint32_t number) {
        Slot& slot = slots_[number];
        slot.fd.reset();
        if (started_ == job_.count) return;
        slot.fd = bench::start_connect(job_.port, started_++, SOCK_NONBLOCK);
        slot.sent = !job_.byte && !job_.ends;
        epoll_event event{};
        event.events = slot.sent ? EPOLLIN : EPOLLOUT;
        event.data.u32 = number;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, slot.fd.get(), &event);
    }

    void step(const epoll_event& event) {
        Slot& slot = slots_[event.data.u32];
        if (!slot.sent) {
            slot.sent = true;
            epoll_event next{};
            next.events = EPOLLIN;
            next.data.u32 = event.data.u32;
            ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, slot.fd.get(), &next);
            if (job_.ends && ::shutdown(slot.fd.get(), SHUT_WR) == 0) return;
            if (job_.byte && ::send(slot.fd.get(), "x", 1, MSG_NOSIGNAL) == 1) return;
            return end(event.data.u32, false);
        }
        char byte = 0;
        const ssize_t got = ::recv(slot.fd.get(), &byte, 1, 0);
        if (got < 0 && errno == EAGAIN) return;
        end(event.data.u32, got == (job_.byte ? 1 : 0));
    }

    void end(std::uint32_t slot, bool good) {
        ++finished_;
        if (!good) ++failed_;
        start(slot);
    }

    Job job_;
    UniqueFd epoll_;
    std::vector<Slot> slots_;
    std::uint32_t started_ = 0, finished_ = 0, failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        (void)std::fputs(
            "usage: short_connections PORT COUNT CONCURRENT "
            "byte|client-ends|server-closes\n",
            stderr);
        return 2;
    }
    const Job job{static_cast<std::uint16_t>(bench::number_argument(argv[1])),
                  bench::number_argument(argv[2]), std::string_view(argv[4]) == "byte",
                  std::string_view(argv[4]) == "client-ends"};
    Run run(job, bench::number_argument(argv[3]));
    const auto began = std::chrono::steady_clock::now();
    run.finish_all();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("{\"connections\": %u, \"failed\": %u, \"seconds\": %.6f}\n", job.count,
                run.failed(), took.count());
}
