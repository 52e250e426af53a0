"""Settings, and above all those of one's own ("app.tenant")."""

from support import wire

from . import Load, play
from .extended import join
from .sql import each, stepwise, together

QUERIES = 300


def at_start(n):
    return {f"a.b{i}": "1" for i in range(n)}


def known(n):
    """The client has set so many."""
    calls = [f"select set_config('a.b{i}','1',false)" for i in range(n)]
    return {"before": wire.query(";".join(calls)), "readies_before": 1}


@play(100)
def start_up_select(n):
    """Queries of a client that began with n settings of its own."""
    return Load(**each(["select 1"] * QUERIES), startup=at_start(n))


@play(100)
def start_up_set(n):
    return Load(**each(["set a.b0 = 2"] * QUERIES), startup=at_start(n))


@play(100)
def start_up_set_stepwise(n):
    return Load(**stepwise(["set a.b0 = 2"] * QUERIES), startup=at_start(n))


@play(100)
def start_up_long_set(n):
    """The same with a comment."""
    return Load(**each(["set a.b0 = 2 --" + "x" * 4000] * QUERIES), startup=at_start(n))


@play(100)
def start_up_reset(n):
    return Load(**each(["reset a.b0"] * QUERIES), startup=at_start(n))


@play(100)
def start_up_set_reported(n):
    """A setting that the server reports, changed again and again in one text."""
    return Load(**together(f"set application_name = 'a{i}'" for i in range(QUERIES)),
                startup=at_start(n))


@play(100)
def start_up_errors(n):
    return Load(**each(["select 1/0"] * QUERIES), startup=at_start(n))


@play(100)
def start_up_extended_set(n):
    one = (wire.parse("", "set a.b0 = 2") + wire.bind("", "", []) + wire.execute() + wire.sync())
    return Load(one * QUERIES, QUERIES, startup=at_start(n))


@play(100)
def start_up_in_turns(n):
    """What a set-up costs on a server that others use in between."""
    return Load(**each(["select 1"] * QUERIES), startup=at_start(n), turns=True)


@play(500)
def set_custom_each(n):
    """Settings of one's own, each set in a transaction."""
    return Load(**each(f"set a.b{i} = 1" for i in range(n)))


@play(250)
def set_custom_stepwise(n):
    return Load(**stepwise(f"set a.b{i} = 1" for i in range(n)))


@play(1000)
def set_custom_text(n):
    return Load(**together(f"set a.b{i} = 1" for i in range(n)))


@play(1000)
def set_config_text(n):
    return Load(**together(f"select set_config('a.b{i}','1',false)" for i in range(n)))


@play(5000)
def set_same_text(n):
    return Load(**together(f"set a.b{i % 100} = {i}" for i in range(n)))


@play(500)
def custom_then_set(n):
    """One setting of the n that the client has."""
    return Load(**each(["set a.b0 = 2"] * QUERIES), **known(n))


@play(500)
def custom_then_set_stepwise(n):
    return Load(**stepwise(["set a.b0 = 2"] * QUERIES), **known(n))


@play(500)
def custom_then_select(n):
    return Load(**each(["select 1"] * QUERIES), **known(n))


@play(2000)
def set_reported(n):
    """One text with many SETs of what the server reports."""
    return Load(**together(f"set application_name = 'a{i}'" for i in range(n)))


@play(2000)
def set_reported_each(n):
    return Load(**each(f"set application_name = 'a{i}'" for i in range(n)))


@play(5000)
def set_local(n):
    return Load(**together(["begin", *(f"set local work_mem = {64 + i}" for i in range(n)),
                            "commit"]))


@play(1000)
def resets(n):
    return Load(**together(["reset application_name"] * n), startup={"application_name": "x"})


@play(500)
def resets_each(n):
    return Load(**each(["reset application_name"] * n), startup={"application_name": "x"})


@play(500)
def resets_in_pipeline(n):
    """Each is followed by what brings the client's own setting back."""
    one = wire.parse("", "reset all") + wire.bind("", "", []) + wire.execute()
    return Load(join([one] * n) + wire.sync(), startup={"application_name": "x"})
