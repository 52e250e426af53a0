// Boost.Asio as pgweir uses it: one io_context and one thread for each worker, coroutines on its
// executor without type erasure.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace pgweir {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;

/// A coroutine of one worker. The executor's concrete type saves the type erasure of
/// `any_io_executor` at each suspension.
template <typename T = void>
using Task = asio::awaitable<T, Executor>;

inline constexpr asio::use_awaitable_t<Executor> use_task{};

/// `co_await operation(as_result)` gives the error code as a value instead of throwing it.
inline constexpr auto as_result = asio::as_tuple(use_task);

}  // namespace pgweir
