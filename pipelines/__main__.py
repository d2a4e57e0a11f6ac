"""The command `observatoire`, where it is not installed: `python -m pipelines`."""

import sys

from pipelines.command import main

if __name__ == "__main__":
    sys.exit(main())
