"""Faults that need other tasks: collectives, a port that is held.

Scenarios as in `scenarios`.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time

from monitored_tf.testing import LocalCluster
from tests.faults import outcomes, roles
from tests.faults.scenarios import GIVE_UP_SECS, running, watch_both
from tests.integration import collectives_roles


def collective_peer_lost(library):
    """One of two workers that train with collectives is killed."""
    options = {"library": library, "watched": library == "monitored_tf"}
    with LocalCluster(
        {"worker": 2}, collectives_roles.train, (options,), life_secs=60
    ) as cluster:
        cluster.wait_for_output("step 50", "worker", 0)
        cluster.kill("worker", 1)
        return {"other worker": _end_of_survivor(cluster)}


def _end_of_survivor(cluster):
    killed = time.monotonic()
    try:
        exit_code = cluster.wait("worker", 0, timeout_secs=GIVE_UP_SECS)
    except TimeoutError:
        return outcomes.Outcome("hangs", GIVE_UP_SECS)
    secs = time.monotonic() - killed
    said = re.search(r"Lost worker 1\b", cluster.output("worker", 0))
    kind = "announced" if said and exit_code else "dies"
    error = said[0] if said else "in silence"
    return outcomes.Outcome(kind, secs, error=error, exit_code=exit_code)


def port_held(library, held_secs=1.0):
    """The ps is killed and started again while another holds its port."""
    with running(library, saves=True) as cluster:
        cluster.kill("ps")
        with _held(cluster.address("ps")):
            started = time.monotonic()
            cluster.start("ps", main=_MAINS[library])
            time.sleep(held_secs)
        ps = _start_of_ps(cluster, started)
        found = watch_both(cluster, time.monotonic(), started)
        return {"ps": ps, **found}


def serve_plainly(options):
    """Is a task that starts its server as programs without us do."""
    roles.serve(options, roles.train, plain_server=True)


_MAINS = {"tf": serve_plainly, "monitored_tf": roles.play}


@contextlib.contextmanager
def _held(address):
    host, port = address.rsplit(":", 1)
    with socket.socket() as holder:
        # The connections of the one that was killed may still be closing.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, int(port)))
        holder.listen()
        yield


def _start_of_ps(cluster, started):
    try:
        served = cluster.wait_for_output(
            r"serving at (\S+)\n", "ps", timeout_secs=GIVE_UP_SECS
        )
    except RuntimeError:  # It ended.
        return outcomes.watch(
            cluster, "ps", since=started, timeout_secs=GIVE_UP_SECS
        )
    return outcomes.Outcome("handled", float(served[1]) - started)
