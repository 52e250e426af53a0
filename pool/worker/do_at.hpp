// What has to be done later, on a worker's loop.
#pragma once

#include <functional>

#include "pool/io/deadlines.hpp"
#include "pool/worker/worker_context.hpp"

namespace pgweir::pool {

/// Calls `what` from the worker's loop at this time. What it refers to must live until then, so it
/// should own that. Never suspends.
void do_at(Clock::time_point when, WorkerContext& context, std::function<void()> what);

}  // namespace pgweir::pool
