"""The clients of `load`, which cost as little as clients can: what is measured is the pooler."""

import json
import os
import subprocess

from contenders import Unusable
from measurement import Broken, Measurement
from workloads.base import Row, Setup, Workload, workers_label

MODES = ("simple", "extended", "prepared")


def tool(options, name):
    """The path of a program that is built of tests/bench."""
    path = os.path.join(options.tools, name)
    if not os.access(path, os.X_OK):
        raise Unusable(f"{path} is not there: tests/bench/README.md says how to build it, or name"
                       " its folder with --tools FOLDER")
    return path


class Load(Workload):
    """A closed loop of `load` in this mode, and a row for each of these numbers of workers."""

    def __init__(self, mode, workers):
        super().__init__(mode, f"pgbench's select, {mode}")
        self.workers = workers

    def rows(self, kinds):
        return [Row(workers_label(count), kind, Setup(workers=count))
                for kind in kinds for count in self.workers]

    def _call(self, contender, options, seconds):
        command = [tool(options, "load"), "--clients", str(options.clients), "--threads",
                   str(options.load_threads), "--seconds", str(seconds), "--mode", self.name,
                   "--pipeline", str(options.pipeline), contender.host, str(contender.port)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL, timeout=seconds + 60)
        if answer.returncode != 0:
            raise Broken(f"{' '.join(command)}:\n{answer.stderr}")
        return json.loads(answer.stdout)

    def prepare(self, contender, options):
        self._call(contender, options, 0.2)

    def run(self, contender, options):
        moved = contender.moves()
        found = self._call(contender, options, options.seconds)
        count = found["transactions"]
        if count == 0:
            raise Broken(f"{self.name} through {contender.name}: no transaction was processed")
        return Measurement(
            units=count, per_second=found["tps"], moves=(contender.moves() - moved) / count,
            **{f"{name}_ms": value / 1e3 for name, value in found["latency_us"].items()})
