// The beats of a PgConnection: a bare Sync every few milliseconds, most of what an agent does all
// its life. Callbacks, one timer and no copies, as the code that runs after 50 ms of sleep finds no
// cache: the same as coroutines with a deadline for each wait cost twice the CPU time.
//
// Where neither TLS nor GSSAPI is between, the Sync is written to libpq's socket and its answer is
// looked at there before libpq reads: libpq's own way costs an eighth more CPU time. All but the
// plain answer is left to libpq, which drops an answer to a Sync that it did not send
// (pqParseInput3 in fe-protocol3.c: "arrived from server while idle").
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/units.h"
#include "pgwire/sync.h"
#include "probe/pg_connection.h"
#include "probe/role_query.h"

namespace pgsteer::probe {

namespace asio = boost::asio;

namespace {

// libpq has one result, and mostly a null before it, for a Sync.
constexpr int most_results = 4;

// More than a server says in one breath when its role changes.
constexpr std::size_t longest_answer = 512;

}  // namespace

// Shared by beat() and its handlers, of which the last may come after its end.
struct PgConnection::Beats {
    BeatPlan plan;
    asio::steady_timer over;  // never expires; cancelled when `end` is known
    std::optional<PgOutcome<void>> end;
    TimePoint asked;         // when the last Sync was sent
    bool under_way = false;  // its answer has not come
    bool plain = false;      // without libpq
    std::array<char, longest_answer> seen;
};

bool PgConnection::is_plain() const {
    return ::PQsslInUse(connection_.get()) == 0 && ::PQgssEncInUse(connection_.get()) == 0 &&
           ::PQflush(connection_.get()) == 0;
}

void PgConnection::finish(Beats& beats, PgOutcome<void> end) {
    beats.end = std::move(end);
    beats.over.cancel();
    timer_.cancel();
}

void PgConnection::send_beat(Beats& beats) {
    beats.asked = Clock::now();
    beats.under_way = true;
    if (beats.plain) {
        const ssize_t sent = ::send(socket_.native_handle(), pgwire::sync_message.data(),
                                    pgwire::sync_message.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == static_cast<ssize_t>(pgwire::sync_message.size())) return;
        // It has closed, or five bytes find no room since it has not read the last ones.
        return finish(beats, PgFailure{health::Doubt::gone, system_error("send").text});
    }
    // What the socket does not take now is sent by later calls of libpq, or the answer is late.
    if (::PQpipelineSync(connection_.get()) != 1) finish(beats, failure());
}

void PgConnection::await_time(const std::shared_ptr<Beats>& beats) {
    if (beats->end) return;
    const TimePoint now = Clock::now();
    const TimePoint next = after(beats->asked, beats->plan.interval());
    timer_.expires_at(next > now ? next : after(now, beats->plan.interval()));
    timer_.async_wait([this, beats](const boost::system::error_code&) {
        if (beats->end) return;
        on_time(*beats);
        await_time(beats);
    });
}

// Also when hurry() says so.
void PgConnection::on_time(Beats& beats) {
    const TimePoint now = Clock::now();
    if (beats.under_way) {
        if (now - beats.asked >= beats.plan.timeout)
            finish(beats, PgFailure{health::Doubt::silent,
                                    "no answer within " + format_time(beats.plan.timeout)});
    } else if (now >= beats.plan.until) {
        finish(beats, {});
    } else {
        send_beat(beats);
    }
}

void PgConnection::await_bytes(const std::shared_ptr<Beats>& beats) {
    if (beats->end) return;
    socket_.async_wait(asio::socket_base::wait_read,
                       [this, beats](const boost::system::error_code& error) {
                           if (beats->end) return;
                           if (error)
                               finish(*beats, PgFailure{health::Doubt::refused, error.message()});
                           else
                               on_bytes(*beats);
                           await_bytes(beats);
                       });
}

void PgConnection::on_bytes(Beats& beats) {
    if (::PQconsumeInput(connection_.get()) != 1) return finish(beats, failure());
    if (!beats.under_way) {
        // Unasked: a parameter, a notice, or the reason of a shutdown.
        if (::PQisBusy(connection_.get()) == 0 && ::PQstatus(connection_.get()) == CONNECTION_BAD)
            return finish(beats, failure());
        return send_beat(beats);
    }
    for (int i = 0; i < most_results && ::PQisBusy(connection_.get()) == 0; ++i) {
        const PgResult result(::PQgetResult(connection_.get()));
        if (::PQstatus(connection_.get()) == CONNECTION_BAD) return finish(beats, failure());
        if (result && ::PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
            return take_answer(beats);
        }
    }
}

// In which no parameter was told.
void PgConnection::take_plain_answer(Beats& beats) {
    beats.under_way = false;
    beats.plan.on_answer(beats.asked);
}

void PgConnection::take_answer(Beats& beats) {
    if (reported_role() == beats.plan.known) return take_plain_answer(beats);
    beats.under_way = false;
    finish(beats, {});
}

void PgConnection::await_plain_bytes(const std::shared_ptr<Beats>& beats) {
    if (beats->end) return;
    socket_.async_receive(
        asio::buffer(beats->seen), asio::socket_base::message_peek,
        [this, beats](const boost::system::error_code& error, std::size_t size) {
            if (beats->end) return;
            on_plain_bytes(*beats, {beats->seen.data(), error ? 0 : size});
            // Closed by the server, which libpq has found too, or by stop().
            if (error && !beats->end)
                finish(*beats, PgFailure{health::Doubt::refused, error.message()});
            await_plain_bytes(beats);
        });
}

void PgConnection::on_plain_bytes(Beats& beats, std::string_view bytes) {
    using pgwire::SyncAnswer;
    // A closed connection fails in libpq, too, which says it in its words.
    if (bytes.empty() || !beats.under_way) return on_bytes(beats);
    switch (pgwire::read_sync_answer(bytes)) {
        case SyncAnswer::ready:
            // They were seen: they are there.
            (void)::recv(socket_.native_handle(), beats.seen.data(), pgwire::ready_size,
                         MSG_DONTWAIT);
            return take_plain_answer(beats);
        case SyncAnswer::told_more:
            if (::PQconsumeInput(connection_.get()) != 1) return finish(beats, failure());
            ::PQisBusy(connection_.get());  // makes libpq read the parameters in it
            return take_answer(beats);
        case SyncAnswer::error:
            return on_bytes(beats);
        case SyncAnswer::cut:
            // libpq could not tell when the rest has come. The next connection asks at once.
            return finish(beats, PgFailure{health::Doubt::gone, "its answer came in parts"});
    }
}

asio::awaitable<PgOutcome<void>> PgConnection::beat(BeatPlan plan) {
    constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
    if (stopped_) co_return PgFailure{health::Doubt::silent, "stopped"};
    const TimePoint asked = plan.last;
    const auto beats = std::make_shared<Beats>(Beats{std::move(plan),
                                                     asio::steady_timer(timer_.get_executor()),
                                                     {},
                                                     asked,
                                                     false,
                                                     is_plain(),
                                                     {}});
    beats->over.expires_at(TimePoint::max());
    idling_ = true;
    await_time(beats);
    beats->plain ? await_plain_bytes(beats) : await_bytes(beats);
    while (!beats->end && !stopped_)
        co_await beats->over.async_wait(quietly);
    idling_ = false;
    if (!beats->end) beats->end = PgFailure{health::Doubt::silent, "stopped"};
    timer_.cancel();
    boost::system::error_code ignored;
    if (socket_.is_open()) socket_.cancel(ignored);
    co_return std::move(*beats->end);
}

}  // namespace pgsteer::probe
