// Which versions of Asio pgweir looks inside. meson.build asks this file as well.
#pragma once

#include <boost/version.hpp>

namespace pgweir::pool {

#ifndef PGWEIR_PLAIN_ASIO
/// The inner names of Asio that pool/io/suspension and pool/io/reactor_readiness use
/// (`asio::detail`) are promised by nobody. They were tried, by all tests, with these versions.
static_assert(BOOST_VERSION / 100 == 1081 || BOOST_VERSION / 100 == 1083 ||
                  BOOST_VERSION / 100 == 1092,
              "pgweir uses inner names of Asio, and has tried them with Boost 1.81, 1.83 and 1.92 "
              "only: configure with -Dasio_waits=plain, or try this version and name it here");
#endif

}  // namespace pgweir::pool
