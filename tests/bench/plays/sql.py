"""Many statements of SQL, alone or in one text."""

from support import wire

from . import Load, play
from .extended import join, prepared


def each(statements):
    """Each a Query of its own, all in one pipeline."""
    statements = list(statements)
    return {"request": join(wire.query(sql) for sql in statements), "readies": len(statements)}


def stepwise(statements):
    """Each a Query that is sent when the one before is answered."""
    return {**each(statements), "steps": True}


def together(statements):
    """One Query."""
    return {"request": wire.query(";".join(statements))}


@play(5000, servers=1)
def queries(n):
    """A pipeline on a pool of one server: who else wants it waits its turn."""
    return Load(**each(["select 1"] * n))


@play(5000)
def statements(n):
    return Load(**together(["select 1"] * n))


@play(500000)
def rows(n):
    """A result, as fast as the client takes it."""
    return Load(wire.query(f"select 1 from generate_series(1, {n})"))


@play(50000)
def long_rows(n):
    return Load(wire.query(f"select repeat('x', 1000) from generate_series(1, {n})"))


@play(1000)
def deallocate_text(n):
    """One text that names all statements that the client has prepared."""
    return Load(**together(f"deallocate s{i}" for i in range(n)),
                before=prepared(n), readies_before=1)


@play(500)
def deallocate_each(n):
    return Load(**each(f"deallocate s{i}" for i in range(n)), before=prepared(n), readies_before=1)


@play(500)
def execute_each(n):
    """EXECUTE of what the protocol prepared."""
    return Load(**each(f"execute s{i}" for i in range(n)), before=prepared(n), readies_before=1)


@play(50)
def long_execute(n):
    """Texts longer than a buffer, each of which may name any of 200 statements."""
    return Load(**each(f"execute s{i % 200} -- " + "x" * 20000 for i in range(n)),
                before=prepared(200), readies_before=1)


@play(100000)
def quotes(n):
    """A text full of what may begin a name."""
    return Load(wire.query("execute s1 --" + '"' * n), before=prepared(10), readies_before=1)


@play(100000)
def dollars(n):
    return Load(wire.query("execute s1 --" + "a$" * (n // 2)), before=prepared(10),
                readies_before=1)


def prepare_and_execute(n):
    return [f"prepare s{i} as select {i}" for i in range(n)] + [f"execute s{i}" for i in range(n)]


@play(500)
def prepare_each(n):
    return Load(**each(prepare_and_execute(n)))


@play(500)
def prepare_stepwise(n):
    return Load(**stepwise(prepare_and_execute(n)))


@play(1000)
def prepare_text(n):
    return Load(**together(f"prepare s{i} as select {i}" for i in range(n)))


@play(1000)
def parse_beside_prepared(n):
    """The protocol's names beside as many of SQL's."""
    text = ";".join(f"prepare q{i} as select {i}" for i in range(n))
    return Load(prepared(n), before=wire.query(text), readies_before=1)


@play(2000)
def savepoints(n):
    statements = ["begin", *(f"savepoint s{i}" for i in range(n)), "commit"]
    return Load(**each(statements))


@play(1000)
def cursors(n):
    statements = ["begin", *(f"declare c{i} cursor for select 1" for i in range(n)), "commit"]
    return Load(**each(statements))


@play(250)
def held_cursors(n):
    return Load(**each(f"declare c{i} cursor with hold for select 1" for i in range(n)))


@play(250)
def held_cursors_stepwise(n):
    return Load(**stepwise(f"declare c{i} cursor with hold for select 1" for i in range(n)))


@play(250)
def temporary_tables(n):
    return Load(**each(f"create temporary table t{i} (a int)" for i in range(n)))


@play(250)
def temporary_tables_stepwise(n):
    return Load(**stepwise(f"create temporary table t{i} (a int)" for i in range(n)))


@play(1000)
def transactions(n):
    return Load(**each(["begin", "select 1", "commit"] * n))


@play(1000)
def failed_transactions(n):
    return Load(**each(["begin", "select 1/0", "rollback"] * n))


@play(250)
def listen_each(n):
    return Load(**each(f"listen c{i}" for i in range(n)))


@play(250)
def listen_stepwise(n):
    return Load(**stepwise(f"listen c{i}" for i in range(n)))


@play(1000)
def listen_text(n):
    return Load(**together(f"listen c{i}" for i in range(n)))


@play(500)
def listen_then_query(n):
    """Statements of a client that listens to as many channels."""
    return Load(**each(["select 1"] * 500), before=wire.query(
        ";".join(f"listen c{i}" for i in range(n))), readies_before=1)


@play(2000)
def notify_oneself(n):
    return Load(**each(["notify c"] * n), before=wire.query("listen c"), readies_before=1)


@play(2000)
def notices(n):
    return Load(**together(["drop table if exists missing"] * n))
