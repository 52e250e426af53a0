"""Prepared statements: of the protocol and of SQL, and what mixes the two."""

from .model import act
from .program import SYNC, request

# Text, and values to bind (None: it takes none, or cannot be prepared).
_TEXTS = (
    ("select $1::int + 1", ("41",)), ("select $1::text || $2::text", ("a", "ä")),
    ("select name from place", ()), ("select name from place where name <> $1", ("x",)),
    ("select current_setting('work_mem'), current_setting('search_path'), $1::int", ("1",)),
    ("select current_user, session_user", ()), ("select n, square from numbers order by n", ()),
    ("select set_config($1, $2, false)", ("work_mem", "15MB")),
    ("select set_config($1, $2, false)", ("app.x", "bound")),
    ("select by_execute($1, $2)", ("app.x", "prepared")),
    ("select timestamptz '2001-02-03 04:05:06+00'", ()), ("set work_mem = '16MB'", ()),
    ("reset work_mem", ()), ("show work_mem", ()), ("select 1 / $1::int", ("0",)),
    ("insert into defaulted values ($1, 'given') returning a", ("3",)), ("", ()),
    ("select count(*) from numbers where n = any($1::int[])", ("{1,2,3}",)),
    ("set local app.y = 'local'", ()),
)
_BROKEN = ("selct", "select * from nowhere", "select $1 +", "select 1; select 2", "select $2::int")
_NAMES = ("p0", "p1", "p2", "p3")
_SQL_NAMES = ("q0", "q1", "p1")
# A function that prepares under a name of the protocol's finds it free (LIMITATIONS.md).
_HIDDEN_NAMES = ("q0", "q1")


def _name(rng, many):
    return f"m{rng.randrange(40)}" if many else rng.choice(_NAMES)


def _text(rng, many):
    """A text and its values; distinct texts in their dozens where `many`."""
    if many and rng.random() < 0.6:
        number = rng.randrange(60)
        return f"select {number}::int + $1::int", ("1",)
    return rng.choice(_TEXTS)


def _parse(rng, client, many, sequences):
    name = "" if rng.random() < 0.25 else _name(rng, many)
    if rng.random() < 0.08:
        return [request("parse", name, rng.choice(_BROKEN), ())]
    text, values = _text(rng, many)
    if sequences and "insert" in text:
        return [request("close", "S", name)]
    requests = []
    if name and name in client.statements and rng.random() < 0.6:
        requests.append(request("close", "S", name))
        client.statements.pop(name)
    # A type that is given, or left to the server.
    oids = (23,) if "$1::int " in text + " " and rng.random() < 0.3 else ()
    client.statements.setdefault(name, values)
    if not name:
        client.statements[name] = values
    return [*requests, request("parse", name, text, oids)]


def _use(rng, client, many):
    """Describe, Bind, Execute of a statement that is known or, seldom, of one that is not."""
    known = sorted(client.statements)
    name = rng.choice(known) if known and rng.random() < 0.93 else _name(rng, many)
    values = client.statements.get(name, ())
    if rng.random() < 0.05:
        values = (*values, "one too many")
    portal = rng.choice(("", "", "", "c0", "c1"))
    requests = [request("describe", "S", name)] if rng.random() < 0.35 else []
    requests.append(request("bind", portal, name, values, (), rng.choice(((), (), (1,)))))
    if rng.random() < 0.4:
        requests.append(request("describe", "P", portal))
    requests.append(request("execute", portal, rng.choice((0, 0, 0, 2))))
    if rng.random() < 0.2:
        requests.append(request("execute", portal, rng.choice((0, 3))))
    return requests


def _portal(rng):
    return [rng.choice((request("execute", "c0", 2), request("execute", "c1", 0),
                        request("close", "P", "c0"), request("describe", "P", "c1")))]


def _transaction(rng, client, pins):
    """BEGIN and its end by the extended protocol. Whether they are reached depends on what comes
    before them, so that the client counts as in a transaction until it surely ends one."""
    sql = rng.choice(("commit", "rollback", "savepoint s1", "rollback to s1"))
    if pins and not client.in_transaction:
        client.in_transaction, sql = True, "begin"
    return [request("parse", "", sql, ()), request("bind", "", ""), request("execute")]


def draw_batch(rng, client, many, pins, sequences):
    """A pipeline: some messages of the extended protocol, Syncs and simple queries among them.

    `pins`: it may begin a transaction that it does not end. `sequences`: whoever inserts may have to
    keep his server for currval and lastval.
    """
    requests = []
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        way = rng.random()
        if way < 0.40 or not client.statements:
            requests += _parse(rng, client, many, sequences)
        elif way < 0.88:
            requests += _use(rng, client, many)
        elif way < 0.92:
            name = _name(rng, many)
            client.statements.pop(name, None)
            requests.append(request("close", "S", name))
        elif way < 0.94:
            requests += _portal(rng)
        elif way < 0.97:
            requests += _transaction(rng, client, pins)
        else:
            requests += [SYNC, request("query", rng.choice(("show work_mem", "select 1/0",
                                                            "set app.x = 'piped'")))]
        if rng.random() < 0.2:
            requests.append(SYNC)
    return (*requests, SYNC)


_RESETS = ("reset all", "reset all", "discard all", "discard all", "reset work_mem", "reset role",
           "reset search_path", "reset statement_timeout", "reset app.x", "set DateStyle to default",
           "set time zone default", "reset session authorization", "set role none",
           "select set_config('work_mem', null, false) is null")
_BEHIND_RESETS = ("show work_mem", "show search_path", "select name from place", "show app.x",
                  "select current_user, session_user", "show DateStyle", "set work_mem = '17MB'",
                  "select timestamptz '2001-02-03 04:05:06+00'", "set search_path = second, public",
                  "show statement_timeout", "set role reader")


def _extended(sql):
    return [request("parse", "", sql, ()), request("bind", "", ""), request("execute")]


def draw_piped_reset(rng, client):
    """What a driver's pool does when it lends a connection: a reset, and the first requests behind it
    in the same write."""
    reset = rng.choice(_RESETS)
    if reset == "discard all" and not client.in_transaction:
        client.statements.clear()
    requests = []
    for sql in (reset, *(rng.choice(_BEHIND_RESETS) for _ in range(rng.choice((1, 2, 4))))):
        if rng.random() < 0.5:
            requests.append(request("query", sql))
        else:
            requests += [*_extended(sql), SYNC]
    return (*requests, SYNC)


_DEFINITIONS = ("create table if not exists {} (a int)", "drop table if exists {}",
                "create table {} (a int, b text)", "alter table {} add column c text default 'c'",
                "alter table {} drop column a", "alter table {} alter column a type bigint",
                "alter table {} alter column a type text", "alter table {} rename column a to d",
                "drop table {0}; create table {0} (b text, a int)", "create index on {} (a)")


def draw_defined(rng, client):
    """A statement about a table of the client's own that is defined anew before it is used. The client
    has it described: what it is told is what it gets, or an error."""
    table = f"scratch.own_{client.number}"
    name = f"own{rng.randrange(2)}"
    text, values = rng.choice((("select * from {}", ()), ("insert into {} values ($1)", ("1",)),
                               ("select a from {} where a = $1", ("1",)),
                               ("insert into {} (a) values ($1) returning *", ("2",)),
                               ("delete from {} where a > $1", ("0",))))
    define = request("query", rng.choice(_DEFINITIONS).format(table))
    use = [request("bind", "", name, values), request("execute")]
    requests = [define] if rng.random() < 0.5 else []
    if rng.random() < 0.8:
        requests += [request("close", "S", name), request("parse", name, text.format(table), ()),
                     request("describe", "S", name), SYNC]
        client.statements[name] = values
    if rng.random() < 0.7:
        requests += [*use, SYNC]
    if rng.random() < 0.7:
        requests.append(request("query", rng.choice(_DEFINITIONS).format(table)))
    values = client.statements.get(name, ())
    return (*requests, request("bind", "", name, values), request("execute"), SYNC)


def draw_reuse(rng, client, many):
    """One statement used again, as a driver with a cache does: without a Parse."""
    return (*_use(rng, client, many), SYNC)


def draw_sql(rng, client):
    """PREPARE and its kin by SQL, also of names that the protocol prepared."""
    name, text = rng.choice(_SQL_NAMES), rng.choice((
        "select $1::int * 2", "select name from place", "select current_setting('work_mem')"))
    choice = rng.choice((
        f"prepare {name} as {text}", f"prepare {name}(int) as select $1 + 1", f"execute {name}",
        f"execute {name}(5)", f"execute {name}(5)", f"deallocate {name}",
        f"prepare {name} as {text}; execute {name}", f"select prepares('{rng.choice(_HIDDEN_NAMES)}')",
        f"execute {rng.choice(_NAMES)}(4)", f"deallocate {rng.choice(_NAMES)}",
        "deallocate all", "discard all", "discard plans"))
    if choice in ("deallocate all", "discard all") and not client.in_transaction:
        client.statements.clear()
    return act(choice, "prepared")
