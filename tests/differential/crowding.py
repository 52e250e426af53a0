"""Many clients at once: each plays its steps as fast as it can, in no common order.

What a client does is nobody's business but its own (`generate(seed, alone=True)`), so that each must
be told what it is told on a connection of its own, however the servers went from hand to hand.
"""

import threading

from . import comparing
from .generator import generate
from .playing import play


def clients_of(seeds):
    """The part of each client in the programs of the seeds, as programs of one client."""
    parts = []
    for seed in seeds:
        program = generate(seed, alone=True)
        for client in sorted({step.client for step in program.steps}):
            parts.append(program.with_steps(s for s in program.steps if s.client == client))
    return parts


def play_at_once(parts, target, database):
    """The plays, in the order of the parts."""
    plays = [None] * len(parts)

    def client(number):
        plays[number] = play(parts[number], target, database, patience=60)
    threads = [threading.Thread(target=client, args=(number,)) for number in range(len(parts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return plays


def differences(seeds, world, daemon):
    """How the clients' plays through pgweir differ from PostgreSQL's."""
    parts = clients_of(seeds)
    world.renew()
    oracles = play_at_once(parts, world.cluster, comparing.DATABASE)
    assert all(oracles), "the player itself failed"
    broken = [part for part, oracle in zip(parts, oracles) if oracle.is_broken]
    assert not broken, f"PostgreSQL itself does not play along:\n{broken[0]}"
    plays = play_at_once(parts, daemon, comparing.CROWD)
    assert all(plays), "the player itself failed"
    found = map(comparing.compare, parts, oracles, plays)
    return [difference for difference in found if difference is not None]
