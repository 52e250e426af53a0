"""Child processes that never outlive the tests, and free ports."""

import ctypes
import os
import signal
import socket
import subprocess

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """For preexec_fn: the kernel kills the child when the thread that started it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **keywords):
    """subprocess.Popen of a child that dies with us."""
    keywords.setdefault("preexec_fn", die_with_parent)
    keywords.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(command, **keywords)


def end(process, timeout=10.0, first=signal.SIGTERM):
    """Stop this very process: ask, then kill. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(first)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    return process.returncode


_given_ports = set()


def free_port(host="127.0.0.1"):
    """A TCP port nobody listens on now, and that was not given to anybody here before."""
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = probe.getsockname()[1]
        if port not in _given_ports:
            _given_ports.add(port)
            return port


def resident_bytes(pid):
    """The memory a process holds in RAM (VmRSS), in bytes."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmRSS")


def cpu_seconds(pid):
    """User and system time a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_descriptors(pid):
    """How many file descriptors a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def raise_descriptor_limit():
    """Let this process (and its children) open as many files as the hard limit allows."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
