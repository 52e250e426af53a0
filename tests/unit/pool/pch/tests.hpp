// What most tests of this folder include, compiled once for all of them.
#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "pool/lending/pool_part.hpp"
#include "pool/lending/registry.hpp"
