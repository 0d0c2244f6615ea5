"""A process with a worker in it, which a test can kill: `server.py WORKSPACE LEASE_SECONDS`. Ends well on SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path

from tillsight.core.settings import Settings
from tillsight.database import Database
from tillsight.jobs import Worker

CHILD = (sys.executable, str(Path(__file__).with_name("child.py")))

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    workspace = Path(sys.argv[1])
    with Database.open(workspace, Settings()) as database:
        worker = Worker(database, workspace, timedelta(seconds=float(sys.argv[2])), grace=1, child=CHILD)
        worker.start()
        print("ready", flush=True)
        stop.wait()
        worker.stop()
