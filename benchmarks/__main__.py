"""Every benchmark that needs nothing but the project: `python -m benchmarks [RUN …]`, all of them by default (`make bench`)."""

from __future__ import annotations

import argparse
import subprocess
import sys

RUNS = ("loading", "overhead", "demo", "forecasting", "value")


def main() -> None:
    """One after the other, each in a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("runs", nargs="*", choices=[*RUNS, []], default=list(RUNS), metavar="RUN", help=", ".join(RUNS))
    failed = [
        name for name in parser.parse_args().runs if subprocess.call([sys.executable, "-m", f"benchmarks.{name}"])
    ]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
