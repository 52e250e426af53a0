"""The console: how to reach it, and what every SHOW must look like.

The columns are written down here by hand from PgBouncer's, apart from the table in the C++ code.
"""

import psycopg
from psycopg.rows import dict_row

ADMIN = "operator"
STATS = "watcher"
USERS = {"console": {"admin_users": ADMIN, "stats_users": f"somebody, {STATS}"}}

TEXT, INT4, INT8, NUMERIC = 25, 23, 20, 1700

_SOCKET = (
    "type user database replication state addr port:4 local_addr local_port:4 connect_time"
    " request_time wait:4 wait_us:4 close_needed:4 ptr link remote_pid:4 tls application_name"
    " prepared_statements:4 id:4")
_BUFFERS = " recv_pos:4 pkt_pos:4 pkt_remain:4 send_pos:4 send_remain:4 pkt_avail:4 send_avail:4"
_STATS = (
    "server_assignment_count xact_count query_count {received} {sent} xact_time query_time"
    " wait_time client_parse_count server_parse_count bind_count client_login_count")

# PgBouncer's columns in its order; `name:type` where it is not text. STATS are all numeric.
_COLUMNS = {
    "CLIENTS": _SOCKET,
    "SERVERS": _SOCKET,
    "SOCKETS": _SOCKET + _BUFFERS,
    "ACTIVE_SOCKETS": _SOCKET + _BUFFERS,
    "POOLS": "database user cl_active:4 cl_waiting:4 cl_active_cancel_req:4"
             " cl_waiting_cancel_req:4 sv_active:4 sv_active_cancel:4 sv_being_canceled:4 sv_idle:4"
             " sv_used:4 sv_tested:4 sv_login:4 maxwait:4 maxwait_us:4 pool_mode"
             " load_balance_hosts",
    "PEER_POOLS": "peer_id:4 cl_active_cancel_req:4 cl_waiting_cancel_req:4 sv_active_cancel:4"
                  " sv_login:4",
    "DATABASES": "name host port:4 database force_user pool_size:4 min_pool_size:4"
                 " reserve_pool_size:4 server_lifetime:4 pool_mode load_balance_hosts"
                 " max_connections:4 current_connections:4 max_client_connections:4"
                 " current_client_connections:4 paused:4 disabled:4",
    "USERS": "name pool_size reserve_pool_size pool_mode max_user_connections:4"
             " current_connections:4 max_user_client_connections:4 current_client_connections:4",
    "PEERS": "peer_id:4 host port:4 pool_size:4",
    "LISTS": "list items:4",
    "TOTALS": "name value:n",
    "CONFIG": "key value default changeable",
    "MEM": "name size:4 used:4 free:4 memtotal:4",
    "STATE": "key value",
    "DNS_HOSTS": "hostname ttl:8 addrs",
    "DNS_ZONES": "zonename serial:8 count:4",
    "VERSION": "version",
}
# What PgBouncer does not have.
_COLUMNS.update({
    "HOSTS": "host port:4 servers:4 active:4 idle:4 close_needed:4 databases failures:4"
             " down_seconds:4 retry_ms:8 problem",
    "PINS": "database user reason clients:4 times:8",
    "STATEMENTS": "database user name clients:4 servers:4 statement",
    "MEMORY": "name count:8 bytes:8",
    "ERRORS": "database user kind reason count:8",
})
_OWN = {
    "CLIENTS": "pinned_by pinned_seconds:4 pinning_statement waits_for statement",
    "POOLS": "cl_idle:4 cl_pinned:4 sv_dedicated:4 outage",
    "DATABASES": "reserve_pool:4",
    "STATS": "total_requests:n",
    "CONFIG": "option meaning option_value",
}


def _stats(prefix, **names):
    return " ".join(f"{prefix}{name}:n" for name in _STATS.format(**names).split())


_COLUMNS["STATS"] = (
    "database " + _stats("total_", received="received", sent="sent") + " "
    + _stats("avg_", received="recv", sent="sent"))
_COLUMNS["STATS_TOTALS"] = "database " + _stats("", received="bytes_received", sent="bytes_sent")
_COLUMNS["STATS_AVERAGES"] = (
    "database server_assignment_count:n xact_count:n query_count:n bytes_received:n bytes_sent:n"
    " xact_time:n query_time:n wait_time:n avg_client_parse_count:n avg_server_parse_count:n"
    " avg_bind_count:n avg_client_login_count:n")

_TYPES = {"": TEXT, "4": INT4, "8": INT8, "n": NUMERIC}


def _parsed(text):
    pairs = [word.partition(":") for word in text.split()]
    return [(name, _TYPES[kind]) for name, _, kind in pairs]


# What each SHOW must have: all columns, PgBouncer's first.
COLUMNS = {name: _parsed(text + " " + _OWN.get(name, "")) for name, text in _COLUMNS.items()}


class Console:
    """A connection to the console of a daemon, by psycopg 3."""

    def __init__(self, weir, user=ADMIN, dbname="pgbouncer", **keywords):
        self.connection = weir.connect(dbname=dbname, user=user, **keywords)
        self.notices = []
        self.connection.add_notice_handler(
            lambda notice: self.notices.append(notice.message_primary))

    def rows(self, command):
        """The rows of a SHOW as dicts."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(command).fetchall()

    def row(self, command, **wanted):
        """The one row with these values."""
        found = [row for row in self.rows(command)
                 if all(row[name] == value for name, value in wanted.items())]
        assert len(found) == 1, (command, wanted, found)
        return found[0]

    def lists(self):
        return {row["list"]: row["items"] for row in self.rows("SHOW LISTS")}

    def say(self, command):
        """A command; its tag."""
        with self.connection.cursor() as cursor:
            return cursor.execute(command).statusmessage

    def refusal(self, command):
        """The SQLSTATE with which a command ends; None if it succeeds."""
        try:
            self.say(command)
            return None
        except psycopg.Error as error:
            return error.sqlstate

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
