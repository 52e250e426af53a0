"""What every workload is: a name, a unit, who it needs, and how it is run once."""

import dataclasses
import typing

import accounting


@dataclasses.dataclass(frozen=True)
class Setup:
    """How the contenders of a workload are set up, beyond their common pool."""

    auth: str = "trust"  # or scram-sha-256
    tls: bool = False    # clients must use it
    workers: typing.Optional[int] = None  # of pgweir; None: as the command line says


def workers_label(count):
    """A number of worker threads in words."""
    return f"{count} worker{'s' * (count > 1)}"


@dataclasses.dataclass
class Row:
    """Who takes part in a workload, and under which name."""

    label: str
    kind: typing.Any  # of contenders.Kind
    setup: Setup
    able: bool = True  # else it has a row all the same, an empty one


class Workload:
    """One thing that clients do. Each contender gets a process of its own for each workload.

    `run` does it for a while and returns a Measurement, whose CPU and memory `measure` fills in.
    """

    unit = "transaction"
    prepares = False      # only for contenders whose clients may use prepared statements
    needs_pooler = False  # nothing to see without one
    fresh = False         # a new process in each round
    most_rounds = None    # more would show nothing new
    sizes = None          # two of `fixed`, between which counting.py counts; None: not at all

    def __init__(self, name, about, setup=Setup()):
        self.name, self.about, self.setup = name, about, setup

    def rows(self, kinds):
        """The rows of this workload's table, in the order in which they are measured."""
        return [Row(kind.name, kind, self.setup, able=kind.prepares or not self.prepares)
                for kind in kinds if kind.pools or not self.needs_pooler]

    def prepare(self, contender, options):
        """Before each measurement, uncounted: open the server connections."""

    def run(self, contender, options):
        """The workload itself."""
        raise NotImplementedError

    def fixed(self, contender, options, size):
        """As `run`, but a fixed amount of work; returns how many units it was."""
        raise NotImplementedError

    def measure(self, contender, options):
        """One round."""
        self.prepare(contender, options)
        account = accounting.Account(contender.pid)
        found = self.run(contender, options)
        account.charge(found)
        return found
