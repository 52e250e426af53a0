"""What the programs share: many clients at once, whose findings are printed in order.

Each program is called with HOST PORT DATABASE CLIENTS and must print the same on any server.
"""

import asyncio
import sys
import threading
import traceback

HOST, PORT, DATABASE, CLIENTS = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
USER = "app"
URL = f"postgresql://{USER}@{HOST}:{PORT}/{DATABASE}"


def _print(findings):
    for number in sorted(findings):
        for line in findings[number]:
            print(f"client {number}: {line}")


def run_threads(work):
    """`work(number, say)` in a thread for each client."""
    findings = {number: [] for number in range(CLIENTS)}

    def client(number):
        try:
            work(number, findings[number].append)
        except Exception:  # pylint: disable=broad-except
            findings[number].append(traceback.format_exc())
    threads = [threading.Thread(target=client, args=(number,)) for number in findings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _print(findings)


def run_tasks(work):
    """`await work(number, say)` in a task for each client."""
    findings = {number: [] for number in range(CLIENTS)}

    async def client(number):
        try:
            await work(number, findings[number].append)
        except Exception:  # pylint: disable=broad-except
            findings[number].append(traceback.format_exc())

    async def all_clients():
        await asyncio.gather(*(client(number) for number in findings))
    asyncio.run(all_clients())
    _print(findings)
