"""How the cost of a step grows, and what memory many steps take."""

import contextlib
import gc
import weakref

import tensorflow as tf

import monitored_tf
from tests.benchmarks import graphs, timing
from tests.benchmarks.rows import Row

HOOKS = (0, 1, 2, 4, 8, 16, 32, 64)
FETCHES = (1, 10, 100, 1000)
STEPS = 100_000


def by_hooks():
    """Returns rows of the cost of one more hook, and the series behind them.

    The series are dicts from a name to the microseconds of each of `HOOKS`.
    """
    with tf.Graph().as_default(), contextlib.ExitStack() as stack:
        graph = graphs.small_graph()
        kinds = {
            "fetches the same tensor": lambda: graphs.FetchingHook(graph.loss),
            "does nothing": graphs.IdleHook,
        }
        calls = {}
        for kind, make_hook in kinds.items():
            for count in HOOKS:
                pair = stack.enter_context(
                    graphs.pair(_several(make_hook, count))
                )
                calls[kind, "TF", count] = _run(pair.theirs, graph.train)
                calls[kind, "ours", count] = _run(pair.ours, graph.train)
        took = timing.cpu_us(calls)
    series = {
        f"{side}, a hook that {kind}": [took[kind, side, n] for n in HOOKS]
        for kind in kinds
        for side in ("TF", "ours")
    }
    wanted = {
        "fetches the same tensor": (0.2, 0.14),
        "does nothing": (0.6, 0.45),
    }
    rows = [
        Row(
            f"one more hook that {kind}",
            _slope(series[f"ours, a hook that {kind}"]),
            _slope(series[f"TF, a hook that {kind}"]),
            "us",
            *wanted[kind],
        )
        for kind in kinds
    ]
    return rows, series


def _several(make_hook, count):
    return lambda: [make_hook() for _ in range(count)]


def _run(session, fetches):
    return lambda: session.run(fetches)


def _slope(times):
    # From the first hook on: with none at all there is nothing to be told.
    return (times[-1] - times[1]) / (HOOKS[-1] - HOOKS[1])


def by_fetches():
    """Returns the series of a list of so many scalars."""
    with tf.Graph().as_default():
        graph = graphs.small_graph()
        with graphs.pair() as pair:
            sides = {"TF": pair.theirs, "ours": pair.ours}
            calls = {
                (side, count): _run(session, graph.scalars[:count])
                for side, session in sides.items()
                for count in FETCHES
            }
            took = timing.cpu_us(calls)
    return {side: [took[side, n] for n in FETCHES] for side in sides}


def memory():
    """Returns what `STEPS` steps leave behind.

    Returns:
      A dict: "grown_mb", by how many MB the resident set grew, and
      "freed", whether the raw session went away with the closed one.
    """
    with tf.Graph().as_default():
        graph = graphs.small_graph()
        session = monitored_tf.MonitoredSession(
            monitored_tf.ChiefSessionCreator(config=graphs.ONE_THREAD),
            [graphs.FetchingHook(graph.loss)],
        )
        feeds = {graph.number: 0.5}
        for _ in range(1000):
            session.run([graph.train, graph.of_number], feeds)
        before = _resident_mb()
        for _ in range(STEPS):
            session.run([graph.train, graph.of_number], feeds)
        grown = _resident_mb() - before
        raw_session = weakref.ref(session.raw_session())
        session.close()
        gc.collect()
    return {"grown_mb": grown, "freed": raw_session() is None}


def _resident_mb():
    gc.collect()
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
