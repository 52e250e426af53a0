"""Pipelines of the extended query protocol."""

from support import wire

from . import Load, play


def join(parts):
    return b"".join(parts)


@play(5000)
def parse_named(n):
    """New statements before one Sync."""
    return Load(join(wire.parse(f"s{i}", f"select {i}") for i in range(n)) + wire.sync())


@play(5000)
def parse_same_text(n):
    """As many names for one text."""
    return Load(join(wire.parse(f"s{i}", "select 1") for i in range(n)) + wire.sync())


@play(5000)
def parse_unnamed(n):
    return Load(join(wire.parse("", f"select {i}") for i in range(n)) + wire.sync())


@play(5000)
def batch(n):
    """Parse, Bind, Describe, Execute as pgx's batches have them, and one Sync."""
    return Load(join(
        wire.parse("", "select $1::text") + wire.bind("", "", [i]) + wire.describe("P", "")
        + wire.execute() for i in range(n)) + wire.sync())


@play(5000)
def bind_named(n):
    one = wire.bind("", "s", ["1"]) + wire.execute()
    return Load(one * n + wire.sync(), before=wire.parse("s", "select $1::text") + wire.sync(),
                readies_before=1)


@play(5000)
def bind_with_sync(n):
    one = wire.bind("", "s", ["1"]) + wire.execute() + wire.sync()
    return Load(one * n, n, before=wire.parse("s", "select $1::text") + wire.sync(),
                readies_before=1)


@play(5000)
def describe_named(n):
    return Load(wire.describe("S", "s") * n + wire.sync(),
                before=wire.parse("s", "select $1::text") + wire.sync(), readies_before=1)


def prepared(n, text="select {}"):
    return join(wire.parse(f"s{i}", text.format(i)) for i in range(n)) + wire.sync()


@play(5000)
def close(n):
    return Load(join(wire.close("S", f"s{i}") for i in range(n)) + wire.sync(),
                before=prepared(n, "select 1"), readies_before=1)


@play(5000)
def close_with_sync(n):
    return Load(join(wire.close("S", f"s{i}") + wire.sync() for i in range(n)), n,
                before=prepared(n, "select 1"), readies_before=1)


@play(2000)
def close_missing(n):
    """Names that the client does not have: each may be one of SQL's."""
    return Load(join(wire.close("S", f"s{i}") for i in range(n)) + wire.sync())


@play(2000)
def parse_fails(n):
    return Load(join(wire.parse(f"s{i}", "selec") + wire.sync() for i in range(n)), n)


@play(2000)
def parse_discarded(n):
    """An error, behind which the server discards the rest."""
    return Load(wire.parse("", "selec") + join(
        wire.parse(f"s{i}", f"select {i}") for i in range(n)) + wire.sync())


@play(2000)
def bind_fails(n):
    """An error that names the statement: it takes a parameter and gets none."""
    one = wire.bind("", "s", []) + wire.execute() + wire.sync()
    return Load(one * n, n, before=wire.parse("s", "select $1::text") + wire.sync(),
                readies_before=1)


@play(2000)
def bind_fails_many_names(n):
    return Load(join(wire.parse(f"s{i}", f"select $1::int + {i}") for i in range(n)) + join(
        wire.bind("", f"s{i}", []) + wire.sync() for i in range(n)), n)


@play(2000)
def execute_fails(n):
    one = (wire.parse("", "select 1 / $1::int") + wire.bind("", "", ["0"]) + wire.execute()
           + wire.sync())
    return Load(one * n, n)


@play(2000)
def parse_in_open_transaction(n):
    """Names taken anew where the transaction may have failed."""
    return Load(wire.query("begin") + join(
        wire.parse(f"s{i}", "select 1") for i in range(n)) + wire.sync()
        + wire.query("rollback"), 3)


@play(10000)
def parameters(n):
    """One statement, and a Bind with as many values."""
    text = "values " + ",".join(f"(${i}::int)" for i in range(1, n + 1))
    return Load(wire.parse("", text) + wire.bind("", "", range(n)) + wire.execute() + wire.sync())


@play(5000)
def parameter_values(n):
    """Values that look like settings' names, of a statement that may set them."""
    names = ",".join(f"${i}" for i in range(1, n + 1))
    text = f"select set_config('app.x', array_length(array[{names}]::text[], 1)::text, false)"
    values = [f"a.b{i}" for i in range(n)]
    return Load(wire.parse("", text) + wire.bind("", "", values) + wire.execute() + wire.sync())


@play(10000)
def copy_data(n):
    """COPY FROM STDIN in small messages."""
    return Load(wire.query("copy t from stdin") + wire.copy_data("1\n") * n + wire.copy_done(),
                before=wire.query("create temporary table t (a int)"), readies_before=1)


@play(1000)
def copy_data_large(n):
    return Load(wire.query("copy t from stdin") + wire.copy_data("1\n" * 4000) * n
                + wire.copy_done(),
                before=wire.query("create temporary table t (a int)"), readies_before=1)


@play(10000)
def flushes(n):
    return Load((wire.bind("", "", []) + wire.flush()) * n + wire.sync())


@play(5000)
def portals(n):
    one = join(wire.bind(f"p{i}", "s", []) for i in range(n))
    ends = join(wire.close("P", f"p{i}") for i in range(n))
    return Load(one + ends + wire.sync(), before=wire.parse("s", "select 1") + wire.sync(),
                readies_before=1)
