"""Waiting without sleeping blindly: poll a condition up to a deadline that knows of sanitizers."""

import os
import time

SANITIZED = os.environ.get("PGWEIR_SANITIZED", "0") not in ("", "0")

# A sanitizer build on a busy machine of two cores is several times slower. Only the longest wait
# grows with it; a test that succeeds is as fast as the daemon.
SCALE = 4 if SANITIZED else 1


def scaled(seconds):
    """A time limit given for a release build, as this build needs it."""
    return seconds * SCALE


def sized(normal, sanitized):
    """The size of a load: as much as fits the time budget of the build."""
    return sanitized if SANITIZED else normal


def eventually(condition, deadline=10.0, message="the condition never held", interval=0.01):
    """Call `condition` until it returns something true and return that; fail after the deadline.

    An AssertionError or OSError inside counts as "not yet" and is shown if time runs out.
    """
    limit = time.monotonic() + scaled(deadline)
    last_error = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last_error = None
        except (AssertionError, OSError) as error:
            last_error = error
        if time.monotonic() >= limit:
            detail = f": {last_error}" if last_error else ""
            text = message() if callable(message) else message
            raise AssertionError(f"after {scaled(deadline)} s: {text}{detail}") from last_error
        time.sleep(interval)
        interval = min(interval * 1.5, 0.2)
