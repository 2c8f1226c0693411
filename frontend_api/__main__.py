"""`python -m frontend_api`: the `swarmproof` command."""

from __future__ import annotations

from frontend_api.cli import main

if __name__ == "__main__":
    main()
