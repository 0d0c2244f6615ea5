"""Background work: loads and builds started from the page or the API, with progress, log and cancel.

The table `jobs` is the truth. Huey carries a job's id to a worker thread of the server, which runs the job as a child
process under a lease; a job whose child or server died is taken up again, or marked failed with the reason.
"""

from tillsight.jobs.queue import Jobs, uploads_of
from tillsight.jobs.schedule import next_run, schedule_of
from tillsight.jobs.worker import Worker

__all__ = ["Jobs", "Worker", "next_run", "schedule_of", "uploads_of"]
