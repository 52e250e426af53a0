"""Becomes the command given, as systemd would start it: LISTEN_PID is the pid of this process.

Usage: listen_fds_exec.py COUNT COMMAND...; descriptors 3 to 3+COUNT-1 are inherited as they are.
"""

import os
import sys

count = int(sys.argv[1])
os.environ["LISTEN_FDS"] = str(count)
os.environ["LISTEN_PID"] = str(os.getpid())
for descriptor in range(3, 3 + count):
    os.set_inheritable(descriptor, True)
os.execv(sys.argv[2], sys.argv[2:])
