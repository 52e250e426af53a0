"""Plays many random programs: `python3 -m tests.differential --seeds 1-10000 --minutes 60`."""

import argparse
import sys
import time

from support import process
from support.cluster import Cluster

from . import comparing
from .generator import generate
from .minimising import minimise


def _range(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _arguments():
    parser = argparse.ArgumentParser(prog="python3 -m tests.differential",
                                     description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seeds", type=_range, default=range(1, 1001), metavar="N-M", help="default: 1-1000")
    add("--seed", type=int, metavar="N", help="this one only")
    add("--minutes", type=float, help="stop after that long")
    add("--failures", type=int, default=10, help="stop after so many (default: %(default)s)")
    add("--show", action="store_true", help="print the program, play nothing")
    add("--answers", action="store_true", help="print what PostgreSQL answers to --seed")
    add("--whole", action="store_true", help="do not make failing programs smaller")
    add("--verify", action="store_true", help="with pool.verify_session_state")
    add("--session", action="store_true", help="in session mode")
    options = parser.parse_args()
    if options.seed is not None:
        options.seeds = range(options.seed, options.seed + 1)
    return options


def _report(program, difference, world, options, changes):
    print(f"seed {program.seed} differs; python3 -m tests.differential --seed {program.seed}")
    if not options.whole:
        program, difference = minimise(program, difference, world, changes)
    print(program)
    print(difference, flush=True)


def _play_all(world, options):
    changes = {"verify_session_state": True} if options.verify else {}
    if options.session:
        changes["mode"] = "session"
    limit = time.monotonic() + 60 * options.minutes if options.minutes else None
    played, failed, daemon = 0, [], comparing.start(world.cluster, changes)
    try:
        for seed in options.seeds:
            if limit and time.monotonic() > limit or len(failed) >= options.failures:
                break
            program = generate(seed)
            try:
                difference = world.difference(program, daemon)
            except comparing.Unplayable:
                continue
            played += 1
            if difference is None:
                continue
            failed.append(seed)
            # What the failure left behind is nothing that the next program shall meet.
            daemon.remove()
            _report(program, difference, world, options, changes)
            daemon = comparing.start(world.cluster, changes)
        daemon.finish()
    finally:
        daemon.remove()
    return played, failed


def main():
    options = _arguments()
    if options.show:
        for seed in options.seeds:
            print(generate(seed))
        return 0
    process.raise_descriptor_limit()
    cluster = Cluster()
    try:
        world = comparing.World(cluster)
        if options.answers:
            for step, lines in zip(generate(options.seed).steps,
                                   world.play_directly(generate(options.seed)).answers):
                print(step, *lines, sep="\n    ")
            return 0
        played, failed = _play_all(world, options)
    finally:
        cluster.remove()
    print(f"{played} programs played, {len(failed)} differ {failed or ''}")
    return 1 if failed or not played else 0


if __name__ == "__main__":
    sys.exit(main())
