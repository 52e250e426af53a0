// What most tests of this folder include, compiled once for all of them.
#include <gmock/gmock.h>

#include "pool/session/statement.hpp"
