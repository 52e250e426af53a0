"""Clients that listen, behind the hub."""

from support.timing import eventually


def handed_over(weir, clients):
    """Waits until so many clients listen, and none of them keeps a server for it."""
    def done():
        found = weir.metrics()
        return (found.sum("pgweir_listening_clients") == clients
                and found.sum("pgweir_clients_pinned", reason="listen") == 0)
    eventually(done, 30, "the hub has not taken over")
