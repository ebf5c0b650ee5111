"""`python -m flatbook` is the command `flatbook`."""

import sys

from flatbook.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
