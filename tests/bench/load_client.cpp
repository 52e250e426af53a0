#include "load_client.hpp"

#include <algorithm>
#include <stdexcept>

#include "protocol/wire/error_report.hpp"

namespace pgweir::bench {

namespace {

using protocol::Step;

constexpr protocol::TypeSet wanted{"EZ"};
constexpr std::size_t whole_messages = protocol::max_backend_message;
// Who has waited for so long waits in vain.
constexpr std::chrono::seconds patience{10};

[[noreturn]] void refuse(protocol::Bytes body) {
    const protocol::ErrorReport report = protocol::parse_error_report(body);
    throw std::runtime_error("the server says " + report.severity + " " + report.code + ": " +
                             report.message);
}

}  // namespace

LoadClient::LoadClient(Descriptor socket, const Requests& requests, std::size_t pipeline)
    : socket_(std::move(socket)),
      requests_(requests),
      pipeline_(pipeline),
      scanner_(wanted, whole_messages) {
    exchange(requests.login);
    if (!requests.prepare.empty()) exchange(requests.prepare);
}

LoadClient::~LoadClient() {
    try {
        send_all(socket_, std::string_view("X\0\0\0\4", 5));
    } catch (const std::exception&) {
        // Then it is gone already.
    }
}

void LoadClient::exchange(const std::string& request) {
    std::array<char, 4096> room{};
    send_all(socket_, request);
    owed_ = 1;
    while (is_busy()) (void)read(room);
}

void LoadClient::send_batch(Clock::time_point intended) {
    intended_ = intended;
    owed_ = pipeline_;
    send_all(socket_, requests_.batch);
}

std::size_t LoadClient::read(std::span<char> room) {
    auto input = receive(socket_, room);
    if (!input) throw std::runtime_error("the server has closed a connection");
    if (!unread_.empty()) input = unread_.append(*input);
    std::size_t finished = 0;
    Step step;
    while ((step = scanner_.next(*input)).kind != Step::Kind::more) {
        if (step.kind == Step::Kind::invalid) throw std::runtime_error("no message of PostgreSQL");
        if (step.kind == Step::Kind::frame && step.type == 'E') refuse(step.body);
        if (step.kind == Step::Kind::frame) ++finished;
        input->remove_prefix(step.size);
    }
    unread_ = std::string(*input);
    if (finished > owed_) throw std::runtime_error("the server answers what was not asked");
    owed_ -= finished;
    return finished;
}

void LoadThread::add(Descriptor socket, const Requests& requests) {
    LoadClient& client = clients_.emplace_back(std::move(socket), requests, pipeline_);
    epoll_.add(client.socket(), &client);
    free_.push_back(&client);
}

Measured LoadThread::run(Pace pace, Clock::time_point end) {
    Clock::time_point now = Clock::now();
    while (now < end || free_.size() < clients_.size()) {
        std::chrono::nanoseconds timeout = patience;
        if (now < end) {
            begin_batches(pace, now);
            const Clock::time_point next = std::min(pace.next(end), end);
            if (!free_.empty()) timeout = std::max(next - now, std::chrono::nanoseconds::zero());
        }
        read_answers(timeout, end);
        now = Clock::now();
    }
    measured_.overdue = pace.overdue(end) * pipeline_;
    return measured_;
}

void LoadThread::begin_batches(Pace& pace, Clock::time_point now) {
    while (!free_.empty() && pace.next(now) <= now) {
        LoadClient* const client = free_.back();
        free_.pop_back();
        client->send_batch(pace.next(now));
        pace.advance();
    }
}

void LoadThread::read_answers(std::chrono::nanoseconds timeout, Clock::time_point end) {
    const auto events = epoll_.wait(timeout);
    if (events.empty() && timeout == patience) {
        throw std::runtime_error("no answer has come for ten seconds");
    }
    for (const epoll_event& event : events) {
        auto& client = *static_cast<LoadClient*>(event.data.ptr);
        const std::size_t finished = client.read(room_);
        const Clock::time_point now = Clock::now();
        for (std::size_t i = 0; i < finished && now < end; ++i) {
            measured_.latencies.add(now - client.intended());
        }
        if (!client.is_busy()) free_.push_back(&client);
    }
}

}  // namespace pgweir::bench
