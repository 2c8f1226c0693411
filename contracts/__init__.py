"""The contracts, and their Python face."""

import sys

# py_ecc, which web3 imports, raises the interpreter's recursion limit to 100,000. Then 100 kB of "[" from a stranger
# overflow the C stack of the JSON parser and kill the process, where a RecursionError should be caught. Imported here,
# before anything else can import it, its wish is undone.
_recursion_limit = sys.getrecursionlimit()
import py_ecc  # noqa: E402, F401

sys.setrecursionlimit(_recursion_limit)
