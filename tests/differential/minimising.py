"""Makes a failing program small: steps are left out while it still fails in the same way."""

import time

from . import comparing


def _attempt(program, world, changes):
    """The difference of a program to a daemon that has seen nothing else; None if PostgreSQL
    itself does not play along any more."""
    daemon = comparing.start(world.cluster, changes)
    try:
        return world.difference(program, daemon)
    except AssertionError:
        return None
    finally:
        daemon.remove()


def minimise(program, difference, world, changes=None, seconds=90):
    """The smallest program found in that time, and its difference.

    A program that does not fail by itself (it met what another had left behind) stays whole.
    """
    limit = time.monotonic() + seconds
    found = _attempt(program, world, changes)
    if found is None:
        print("(it fails only after other programs)")
        return program, difference
    program, difference = program.with_steps(program.steps[:found.number + 1]), found
    size = max(1, len(program.steps) // 2)
    while size and time.monotonic() < limit:
        start, smaller = 0, False
        while start < len(program.steps) and time.monotonic() < limit:
            steps = program.steps[:start] + program.steps[start + size:]
            candidate = program.with_steps(steps)
            found = _attempt(candidate, world, changes)
            if found is not None and found.is_a_wait == difference.is_a_wait:
                program, difference, smaller = candidate, found, True
            else:
                start += size
        if not smaller or size > 1:
            size //= 2
    return program, difference
