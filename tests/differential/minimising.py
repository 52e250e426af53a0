"""Makes a failing program small: parts are left out while it still fails in the same way."""

import dataclasses
import time

from . import comparing


def attempt(program, world, changes=None):
    """The difference of a program to a daemon that has seen nothing else; None if there is none,
    or if PostgreSQL itself does not play along any more."""
    daemon = comparing.start(world.cluster, changes)
    try:
        return world.difference(program, daemon)
    except comparing.Unplayable:
        return None
    finally:
        daemon.remove()


def _without_steps(program):
    """Programs with fewer steps: without a half of them, a quarter, …, one."""
    size = len(program.steps) // 2
    while size:
        for start in range(0, len(program.steps), size):
            yield program.with_steps(program.steps[:start] + program.steps[start + size:])
        size //= 2


def _without_requests(program):
    """Programs in which one step sends one message less. The last one stays: it ends the answer."""
    for number, step in enumerate(program.steps):
        for index in range(len(step.requests) - 1):
            requests = step.requests[:index] + step.requests[index + 1:]
            smaller = dataclasses.replace(step, requests=requests)
            yield program.with_steps([*program.steps[:number], smaller,
                                      *program.steps[number + 1:]])


def _smaller(program, difference, world, changes, limit):
    for make in (_without_steps, _without_requests):
        for candidate in make(program):
            if time.monotonic() > limit:
                return None
            found = attempt(candidate, world, changes)
            if found is not None and found.is_a_wait == difference.is_a_wait:
                return candidate.with_steps(candidate.steps[:found.number + 1]), found
    return None


def minimise(program, difference, world, changes=None, seconds=90):
    """The smallest program found in that time, and its difference.

    A program that does not fail by itself (it met what another had left behind) stays whole.
    """
    limit = time.monotonic() + seconds
    found = attempt(program, world, changes)
    if found is None:
        return program, dataclasses.replace(difference, remark="only after other programs")
    smaller = program.with_steps(program.steps[:found.number + 1]), found
    while smaller is not None:
        program, difference = smaller
        smaller = _smaller(program, difference, world, changes, limit)
    return program, difference
