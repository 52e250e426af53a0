"""The SQLSTATE with which each of pgweir's own refusals ends: PostgreSQL's own for the case."""

TOO_MANY_CONNECTIONS = "53300"
SHUTTING_DOWN = "57P01"
CANNOT_CONNECT_NOW = "57P03"
QUERY_CANCELED = "57014"
PROTOCOL_VIOLATION = "08P01"
NO_SUCH_DATABASE = "3D000"
NO_SUCH_ROLE = "28000"
# PgBouncer's: PostgreSQL's own are of a class that drivers do not call operational.
IDLE_IN_TRANSACTION = PROTOCOL_VIOLATION
TRANSACTION_TIMEOUT = PROTOCOL_VIOLATION
IDLE_SESSION = "57P05"

# A client that waited too long for a server, or whose server cannot be had.
QUERY_WAIT_TIMEOUT = {QUERY_CANCELED, CANNOT_CONNECT_NOW, TOO_MANY_CONNECTIONS}
NO_SERVER = {CANNOT_CONNECT_NOW, "08006", "08001", "57P01", "57P02"}
# A server that went away while it was in use: its own last words, or ours.
SERVER_LOST = {"57P01", "57P02", "57P03", "08006", "08003"}
