// Waiting until a socket can be read or written.
//
// There are two ways, one for each build (the option asio_waits): by the reactor inside of Asio,
// and by Asio's public interface for the versions with which that was not tried (DECISIONS.md,
// D73). Both are a class `Readiness` with these functions:
//
//   Readiness(io, socket)   takes over `socket`.
//   readable(), writable()  to be awaited: suspends until a read (a write) is worth trying, or the
//                           wait was cancelled or the socket closed, which is for the caller to
//                           find out. At most one coroutine waits for each of the two. Does not
//                           touch the Readiness after it has resumed, which may outlive it.
//   cancel()                resumes whoever waits.
//   wake_reader()           resumes who waits to read; with nobody there, the next wait to read
//   ends
//                           at once.
//   close()                 closes the socket; whoever waits is resumed.
//   release()               gives the socket back, open; whoever waits is resumed.
//
// and with a class `Readiness::Watch`, a wait for bytes to read by who has no coroutine: its
// `reader` is resumed instead. Both stand in one object, which must not be destroyed while the
// watch is armed.
//
//   arm()                   as readable() has it. False when a read is worth trying at once.
#pragma once

#ifdef PGWEIR_PLAIN_ASIO
#include "pool/io/plain_readiness.hpp"
#else
#include "pool/io/reactor_readiness.hpp"
#endif
