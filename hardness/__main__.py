"""`python -m hardness`, the same as the `hardness` command."""

from hardness.cli.app import main

if __name__ == "__main__":
    main()
