"""`python -m flatbook` is the command `flatbook`."""

from flatbook.cli.app import main

if __name__ == "__main__":
    main()
