"""Compares what came out of PgBouncer's tests with what is expected, and why."""

import xml.etree.ElementTree as ElementTree

import yaml

OUTCOMES = ("failed", "skipped", "varies")


def read_results(path):
    """{test: (outcome, first line of the reason)} of a file in JUnit's form. A test that passed and then
    failed while it was taken down has failed."""
    results = {}
    for case in ElementTree.parse(path).iter("testcase"):
        if case.get("classname") is None:
            continue  # pytest itself failed; its log says how
        name = f"{case.get('classname').split('.')[-1]}.py::{case.get('name')}"
        outcome, reason = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome, reason = "failed", child.get("message") or ""
            elif child.tag == "skipped":
                outcome, reason = "skipped", child.get("message") or ""
        if results.get(name, ("passed", ""))[0] != "failed":
            results[name] = (outcome, reason.strip().split("\n")[0][:200])
    return results


def read_differences(path, oracle):
    """{test: outcome} that differences.yaml expects, of pgweir or of PgBouncer itself."""
    with open(path, encoding="utf-8") as file:
        text = yaml.safe_load(file)
    expected = {}
    for entry in text["pgbouncer" if oracle else "pgweir"] or []:
        assert entry["outcome"] in OUTCOMES and entry["why"], entry
        for test in entry["tests"]:
            assert test not in expected, f"{test} is listed twice"
            expected[test] = entry["outcome"]
    return expected


class Comparison:
    """Results beside expectations. What is not listed is expected to pass."""

    def __init__(self, results, expected, complete):
        self._results, self._expected, self._complete = results, expected, complete

    def unexpected(self):
        """{test: (expected, outcome, reason)}; a listed test that did not run is one, in a complete run."""
        found = {}
        for test, (outcome, reason) in self._results.items():
            wanted = self._expected.get(test, "passed")
            if wanted not in (outcome, "varies"):
                found[test] = (wanted, outcome, reason)
        if self._complete:
            for test in self._expected.keys() - self._results.keys():
                found[test] = (self._expected[test], "missing", "")
        return found

    def unexpected_tests(self):
        return [f"test/{test}" for test, (_, outcome, _) in self.unexpected().items() if outcome != "missing"]

    def replace(self, results):
        self._results.update(results)

    def is_as_expected(self):
        return not self.unexpected()

    def tell(self, stream):
        for test, (wanted, outcome, reason) in sorted(self.unexpected().items()):
            print(f"{test}: {outcome}, expected: {wanted}. {reason}", file=stream)
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        for outcome, _ in self._results.values():
            counts[outcome] += 1
        print(", ".join(f"{number} {outcome}" for outcome, number in counts.items())
              + f" of {len(self._results)}; {len(self.unexpected())} not as expected", file=stream)

    def record(self, path):
        """What is not as expected, in the form of differences.yaml, for whoever writes the reasons."""
        entries = [{"tests": [test], "outcome": outcome, "why": reason}
                   for test, (_, outcome, reason) in sorted(self.unexpected().items())]
        with open(path, "w", encoding="utf-8") as file:
            yaml.safe_dump({"pgweir": entries}, file, sort_keys=False, width=118)
