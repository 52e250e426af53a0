"""Finds tests/support and takes its fixtures."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support.fixtures import *  # noqa: E402,F401,F403
