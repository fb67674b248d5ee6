// Exchange: one question, put to all name servers of a section at once; the first valid answer
// ends it, else the last of the others. c-ares writes and reads the packets (ids, truncated answers
// over TCP, foreign answers ignored). Every exchange has channels, and so source ports, of its own.
// Never throws for what the network says. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "config/resolvers.h"
#include "dns/answer.h"

namespace pgsteer::dns {

enum class Type : std::uint8_t { a, aaaa, srv };

struct Question {
    std::string host;
    Type type = Type::a;
    milliseconds timeout{1000};
    std::uint32_t payload = 512;  // announced by EDNS
};

boost::asio::awaitable<Answer> exchange(const std::vector<config::Nameserver>& nameservers,
                                        Question question);

}  // namespace pgsteer::dns
