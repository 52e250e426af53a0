// What it costs to pair requests with replies.
#include "protocol/wire/request_tracker.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <span>

namespace pgweir::bench {
namespace {

using protocol::Backend;
using protocol::Frontend;

constexpr std::array simple_request{Frontend::query};
constexpr std::array simple_reply{Backend::row_description, Backend::data_row,
                                  Backend::command_complete, Backend::ready_for_query};
constexpr std::array extended_request{Frontend::parse, Frontend::bind, Frontend::describe,
                                      Frontend::execute, Frontend::sync};
constexpr std::array extended_reply{Backend::parse_complete,   Backend::bind_complete,
                                    Backend::row_description,  Backend::data_row,
                                    Backend::command_complete, Backend::ready_for_query};

// Requests are sent `depth` at a time, then answered; an item is a message of either side.
void track(benchmark::State& state, std::span<const Frontend> request,
           std::span<const Backend> reply, std::size_t depth) {
    protocol::RequestTracker tracker;
    for ([[maybe_unused]] auto _ : state) {
        for (std::size_t i = 0; i < depth; ++i) {
            for (const Frontend type : request) benchmark::DoNotOptimize(tracker.sent(type));
        }
        for (std::size_t i = 0; i < depth; ++i) {
            for (const Backend type : reply) benchmark::DoNotOptimize(tracker.received(type, "I"));
        }
        if (!tracker.releasable()) state.SkipWithError("something is still owed");
    }
    state.SetItemsProcessed(state.iterations() *
                            static_cast<std::int64_t>(depth * (request.size() + reply.size())));
}

void track_simple(benchmark::State& state) {
    track(state, simple_request, simple_reply, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(track_simple)->Arg(1)->Arg(100);

void track_extended(benchmark::State& state) {
    track(state, extended_request, extended_reply, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK(track_extended)->Arg(1)->Arg(100);

}  // namespace
}  // namespace pgweir::bench
