"""The contracts, and their Python face."""

import sys

# py_ecc, which web3 imports, raises the interpreter's recursion limit to 100,000. Then 100 kB of "[" from a stranger
# overflow the C stack of the JSON parser and kill the process, where a RecursionError would be caught. Imported here,
# so that it cannot raise the limit later, and undone: 1,000 is what Python starts with.
import py_ecc  # noqa: F401

sys.setrecursionlimit(1000)
