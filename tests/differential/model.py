"""What the generator knows of the clients it writes for."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Act:
    """Something a client does by SQL.

    `pins`: what it may leave behind that keeps a server with its client, as names of kinds.
    `plain`: it goes as it is, as a simple query. `notifies`: someone may hear of it.
    """

    sql: str
    pins: frozenset = frozenset()
    plain: bool = False


def act(sql, *pins, plain=False):
    return Act(sql, frozenset(pins), plain)


@dataclasses.dataclass
class Client:
    """`pins` holds what may be there, not what is: only a sure clean-up takes it out."""

    number: int
    user: str
    connected: bool = False
    in_transaction: bool = False
    pins: set = dataclasses.field(default_factory=set)
    savepoints: int = 0
    statements: dict = dataclasses.field(default_factory=dict)  # protocol-level, name to text
    parameters: tuple = ()

    @property
    def is_superuser(self):
        return self.user == "postgres"

    @property
    def holds_a_server(self):
        return self.connected and (self.in_transaction or bool(self.pins))

    def leave(self):
        self.connected = self.in_transaction = False
        self.pins.clear()
        self.statements.clear()
        self.savepoints = 0


# How each kind of pin surely ends, outside a transaction and whatever the settings are.
CLEAN_UPS = {
    "temporary": (
        "discard temp",
        "begin read write; set local role none;"
        " drop table if exists tmp_a, tmp_b, tmp_c, tmp_f cascade;"
        " drop view if exists tmp_view; drop sequence if exists tmp_seq; commit"),
    "shadow": ("discard temp",),
    "lock": ("select pg_advisory_unlock_all()",),
    "cursor": ("close all",),
    "sequence": ("discard sequences",),
    "prepared": ("deallocate all",),
    "privileged": ("reset all",),
    "unnamed": ("reset all",),
    "listening": ("unlisten *",),
}
CLEANS_ALL = "discard all"
