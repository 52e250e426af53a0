// What it costs to look at a statement for what it may leave in its session.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/sql/named_effects.hpp"
#include "protocol/sql/session_effects.hpp"
#include "traffic.hpp"

namespace pgweir::bench {
namespace {

using protocol::CatalogueEntry;
using protocol::Effect;
using protocol::NamedEffects;

constexpr std::string_view update =
    "UPDATE pgbench_accounts SET abalance = abalance + 42 WHERE aid = 4711;";

// A report with many columns, as an ORM writes it: 10 kB of words, quotes and dots.
std::string long_statement(std::string_view last) {
    std::string text = "SELECT ";
    for (int i = 0; text.size() < 10'000; ++i) {
        text += "o.\"customer_" + std::to_string(i) + "\" AS customer_name_" + std::to_string(i) +
                ", coalesce(o.total, 0) * 1.19 AS gross, ";
    }
    return text.append(last).append(" FROM orders AS o WHERE o.id IN (1, 2, 3)");
}

// A database without functions of its own.
const NamedEffects none;

// One with some hundred of which a few change their session.
const NamedEffects some = [] {
    constexpr int functions = 300;
    std::vector<CatalogueEntry> entries;
    entries.reserve(functions);
    for (int i = 0; i < functions; ++i) {
        entries.push_back({.name = "shop_function_" + std::to_string(i),
                           .text = i % 10 == 0 ? "SET search_path TO shop" : "SELECT 1"});
    }
    return NamedEffects::of_catalogue(entries);
}();

// An item is a statement. `suspicious`: whether the look is to find something.
void look(benchmark::State& state, std::string_view text, const NamedEffects& names,
          bool suspicious) {
    if (protocol::look_at(text, &names).contains(Effect::state) != suspicious) {
        state.SkipWithError("the statement is not what it is here for");
        return;
    }
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(protocol::look_at(text, &names));
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

BENCHMARK_CAPTURE(look, select, select_only, none, false);
BENCHMARK_CAPTURE(look, select_with_functions_known, select_only, some, false);
BENCHMARK_CAPTURE(look, update, update, none, false);
BENCHMARK_CAPTURE(look, set, "SET search_path TO shop, public;", none, true);
BENCHMARK_CAPTURE(look, set_config,
                  "SELECT set_config('search_path', 'shop', false), abalance FROM accounts;", none,
                  true);
BENCHMARK_CAPTURE(look, call_that_sets, "SELECT shop_function_10(4711);", some, true);

void look_at_10_kb(benchmark::State& state) {
    look(state, long_statement("o.note"), none, false);
}
BENCHMARK(look_at_10_kb);

void look_at_10_kb_with_functions_known(benchmark::State& state) {
    look(state, long_statement("o.note"), some, false);
}
BENCHMARK(look_at_10_kb_with_functions_known);

void look_at_10_kb_suspicious(benchmark::State& state) {
    look(state, long_statement("pg_advisory_lock(4711)"), none, true);
}
BENCHMARK(look_at_10_kb_suspicious);

void look_at_tag(benchmark::State& state) {
    for ([[maybe_unused]] auto _ : state)
        benchmark::DoNotOptimize(protocol::effects_of_tag("SELECT 1"));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_at_tag);

}  // namespace
}  // namespace pgweir::bench
