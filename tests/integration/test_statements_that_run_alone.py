"""What PostgreSQL runs in no transaction block and no pipeline runs through pgweir as well, on a server
where others have left something that pgweir would have to clear away first."""

import pytest

from support import wire
from support.listening import handed_over
from support.peer import Peer

STATEMENTS = (
    "create database alone", "drop database alone", "create database temp", "drop database temp",
    "vacuum alone", "vacuum (analyze) alone", "cluster", "reindex table concurrently alone",
    "create index concurrently one on alone (a) where b = 'default'",
    "create index concurrently two on alone (lower('insert temp nextval'))",
    "create index concurrently three on alone (a) tablespace pg_default",
    "create index concurrently temp on alone (a)", "drop index concurrently one",
    "alter system set work_mem = '5MB'", "alter system reset all", "discard all",
    "create tablespace temp location '/nonexistent'",
    "begin isolation level serializable; insert into alone values (1); commit",
    "begin isolation level serializable; create temp table own (x int); commit",
    "call commits()", "do $$ begin insert into alone values (1); commit; end $$",
)
WORLD = """
    drop table if exists alone; create table alone (a int, b text);
    create sequence if not exists alone_seq;
    create or replace procedure commits() language plpgsql as
        $$ begin insert into alone values (1); commit; end $$"""


def told(messages):
    return [(m.type, m.fields["C"], m.fields["M"]) if m.type in "EN" else (m.type, m.body)
            for m in messages if m.type != "S"]


def leave_something(target):
    """Values of a sequence, and a backend that has had temporary tables."""
    with Peer.login(target) as other:
        other.query("select nextval('alone_seq')")
        other.query("create temp table left_behind (x int)")
        other.query("drop table left_behind")


@pytest.fixture(name="stage")
def fixture_stage(cluster, pgweir):
    cluster.admin("alter role app superuser")
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 1}})
    yield cluster, weir
    cluster.admin("drop database if exists alone", dbname="postgres")
    cluster.admin("drop database if exists temp", dbname="postgres")
    cluster.admin("alter system reset all")
    cluster.admin("alter role app nosuperuser")


@pytest.mark.parametrize("how", ["simple", "unnamed", "named"])
@pytest.mark.parametrize("settings", [{}, {"application_name": "other"}], ids=["same", "set up"])
def test_it_runs_where_others_have_left_something(stage, how, settings):
    stories = []
    for target in stage:
        with Peer.login(target) as owner:
            for part in WORLD.split(";\n"):
                owner.query(part)
        story = []
        for sql in STATEMENTS:
            if ";" in sql and "$$" not in sql and how != "simple":
                continue
            leave_something(target)
            with Peer.login(target, timeout=60, **settings) as client:
                if how == "simple":
                    client.send(wire.query(sql))
                elif how == "unnamed":
                    client.send(wire.parse("", sql), wire.bind("", ""), wire.execute(), wire.sync())
                else:
                    client.send(wire.parse("it", sql), wire.sync())
                    client.until("Z")
                    client.send(wire.bind("", "it"), wire.execute(), wire.sync())
                story.append((sql, told(client.until("Z"))))
        stories.append(story)
    for direct, through in zip(*stories):
        assert through == direct


# The server that runs it gets the client's channels first, outside of the pipeline.
@pytest.mark.parametrize("how", ["simple", "unnamed", "named"])
def test_discard_all_of_a_client_that_listens(stage, how):
    stories = []
    for target in stage:
        with Peer.login(target) as client:
            client.query("listen news")
            if target is not stage[0]:
                handed_over(target, 1)
            if how == "simple":
                client.send(wire.query("discard all"))
            elif how == "unnamed":
                client.send(wire.parse("", "discard all"), wire.bind("", ""), wire.execute(),
                            wire.sync())
            else:
                client.send(wire.parse("it", "discard all"), wire.sync())
                client.until("Z")
                client.send(wire.bind("", "it"), wire.execute(), wire.sync())
            story = told(client.until("Z"))
            client.query("notify news, 'nobody hears it'")
            client.query("listen others; notify others, 'it'")
            stories.append(story + told(client.query("select * from pg_listening_channels()")))
    assert stories[1] == stories[0]
