// What it costs to cut a stream into messages.
#include <cstdint>

#include "protocol/wire/frame_scanner.hpp"

#include <benchmark/benchmark.h>

#include "traffic.hpp"

namespace pgweir::bench {
namespace {

using protocol::Step;
using protocol::TypeSet;

constexpr std::size_t buffer_size = 8192;
constexpr TypeSet everything = TypeSet::all();
// As a server's stream is read: rows concern nobody.
constexpr TypeSet all_but_rows = [] {
    TypeSet types = TypeSet::all();
    types.remove('D');
    return types;
}();

// Takes the whole stream, of which one buffer is here at a time; an item is a step.
void scan(benchmark::State& state, const std::string& stream, const TypeSet& wanted) {
    protocol::FrameScanner scanner(wanted, buffer_size);
    std::int64_t steps = 0;
    for ([[maybe_unused]] auto _ : state) {
        protocol::Bytes input = stream;
        while (!input.empty()) {
            const Step step = scanner.next(input.substr(0, buffer_size));
            if (step.kind == Step::Kind::more || step.kind == Step::Kind::invalid) {
                state.SkipWithError("the stream is not made of whole messages");
                return;
            }
            benchmark::DoNotOptimize(step.body.data());
            input.remove_prefix(step.size);
            ++steps;
        }
    }
    state.SetItemsProcessed(steps);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(stream.size()));
}

void scan_query(benchmark::State& state) {
    std::string stream;
    protocol::append_query(stream, select_only);
    scan(state, stream, everything);
}
BENCHMARK(scan_query);

void scan_extended_request(benchmark::State& state) {
    scan(state, extended_request(), everything);
}
BENCHMARK(scan_extended_request);

void scan_answer_of_rows(benchmark::State& state) {
    scan(state, simple_answer(static_cast<std::size_t>(state.range(0))), all_but_rows);
}
BENCHMARK(scan_answer_of_rows)->Arg(1)->Arg(1000);

// A message that no buffer holds: 1 MB.
void scan_long_row(benchmark::State& state) {
    std::string stream;
    protocol::append_data_row(stream, std::array{protocol::Column{"x"}},
                              {std::string(std::size_t{1} << 20U, 'x')}, {});
    scan(state, stream, everything);
}
BENCHMARK(scan_long_row);

}  // namespace
}  // namespace pgweir::bench
