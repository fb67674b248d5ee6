// A libpq connection whose every step has a deadline and can be stopped. One thread at a time.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "base/address.h"
#include "base/result.h"
#include "cli/demo_process.h"

namespace pgsteer::cli {

class Sql {
  public:
    // To 127.0.0.1, user and database postgres.
    static Result<Sql> connect(Port port, const Patience& patience);
    // The first field of the first row; empty when there is none. An error leaves the connection
    // unusable when it came from the deadline.
    Result<std::string> value(const std::string& statement, const Patience& patience);

  private:
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    std::unique_ptr<PGconn, Finish> connection_;
};

// Connects, asks once, closes.
Result<std::string> ask_once(Port port, const std::string& statement, const Patience& patience);

// "host=127.0.0.1 port=N user=postgres dbname=postgres"
std::string conninfo(Port port);

}  // namespace pgsteer::cli
