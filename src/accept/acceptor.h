// The one accept loop of the control plane (agent, stats page, inetd): waits on a listening socket,
// hands out what it accepts, and leaves clients in the kernel's queue while there is no room. Owned
// by whoever serves the sockets; one executor's thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/fd.h"

namespace pgsteer::accept {

class Acceptor {
    struct State;

  public:
    // A place among the `most` that may be open: free again when the Slot goes. Outlives its
    // Acceptor harmlessly.
    class Slot {
      public:
        Slot() = default;
        Slot(Slot&&) noexcept = default;
        Slot& operator=(Slot&& other) noexcept;
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot();

      private:
        friend struct State;
        std::shared_ptr<State> state_;
    };

    // Gets the accepted socket, non-blocking and close-on-exec. Must be quick and not throw; may
    // end the Acceptor.
    using Take = std::function<void(UniqueFd socket, Slot slot)>;

    // `listener` is a bound, listening, non-blocking stream socket.
    Acceptor(boost::asio::any_io_executor executor, UniqueFd listener, std::size_t most, Take take);
    ~Acceptor();  // closes the listener; what was handed out stays
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    std::size_t open() const;
    // A second descriptor of the listening socket, to go on with after this Acceptor.
    UniqueFd listener_copy() const;

  private:
    std::shared_ptr<State> state_;
};

}  // namespace pgsteer::accept
