"""`python -m frontend_api`: the `swarmproof` command."""

from frontend_api.cli import main

if __name__ == "__main__":
    main()
