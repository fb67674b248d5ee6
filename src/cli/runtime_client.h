// A client of a running router's stats socket, for commands that show it: one question and its
// answer, waited for (status) or moved on as the socket allows (top).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace pgsteer::cli {

// Where the packages' configuration has its socket.
inline constexpr const char* usual_socket = "/run/pgsteer/admin.sock";

// `socket` is a path or HOST:PORT; a host's name is looked up now.
Result<std::vector<Address>> router_addresses(const std::string& socket);

// One command on its way to a router, and its answer as it comes. Ending it closes the connection.
class RuntimeQuestion {
  public:
    // `name` is what errors call the router; they say what to do about them, too.
    RuntimeQuestion(std::string name, std::vector<Address> addresses, std::string command,
                    TimePoint deadline);

    // What to poll; -1 when go_on() has to be called at once.
    int fd() const { return fd_.get(); }
    short events() const;
    TimePoint deadline() const { return deadline_; }

    // To be called when the descriptor is ready or the time is over. Nothing: not finished yet.
    // Else the whole answer, without the empty line that follows every answer.
    std::optional<Result<std::string>> go_on(TimePoint now);

  private:
    enum class Step : std::uint8_t { next_address, connecting, writing, reading };

    std::optional<Error> connect_next();
    std::optional<Error> connected();
    std::optional<Error> write();
    std::optional<Result<std::string>> read();
    Error late() const;

    std::string name_, command_, text_;
    std::vector<Address> addresses_;
    std::size_t next_ = 0, sent_ = 0;
    TimePoint deadline_;
    UniqueFd fd_;
    Step step_ = Step::next_address;
    Error last_;
};

// One command and its whole answer, waited for.
Result<std::string> ask_router(const std::string& socket, const std::string& command,
                               milliseconds timeout);

}  // namespace pgsteer::cli
