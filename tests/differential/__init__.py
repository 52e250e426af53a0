"""Random programs of many clients, played to PostgreSQL directly and through pgweir, compared."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
