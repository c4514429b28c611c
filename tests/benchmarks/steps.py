"""What a step costs in thread CPU time, when kernels cost next to nothing."""

import collections
import contextlib
import itertools
import tempfile

import tensorflow as tf

from tests.benchmarks import graphs, timing
from tests.benchmarks.rows import Row

v1 = tf.compat.v1
EVERY = 100


def rows():
    """Returns the rows of steps on one thread."""
    with tf.Graph().as_default():
        graph = graphs.small_graph()
        with contextlib.ExitStack() as stack:
            return _rows(graph, stack)


def _rows(graph, stack):
    def sessions(count, tensor):
        return stack.enter_context(
            graphs.pair(
                lambda: [graphs.FetchingHook(tensor) for _ in range(count)]
            )
        )

    # First: these hooks add to the graph.
    real = stack.enter_context(graphs.pair(lambda: _real_hooks(graph)))
    train = {n: sessions(n, graph.loss) for n in (0, 1, 3)}
    fed = {n: sessions(n, graph.of_batch) for n in (0, 3, 8)}
    bare = train[0]
    cases = _Cases()
    for count, of, (reach, stretch) in zip(
        (0, 1, 3), train.values(), ((0.19, 0.13), (0.25, 0.185), (0.27, 0.2))
    ):
        cases.add(
            f"step, {count} hooks", of, _runs(graph.train), reach, stretch
        )
    hundred = _repeated(_runs(graph.train))
    cases.add(f"{EVERY} steps, 8 real hooks", real, hundred, 0.33, 0.25)
    feeds = {graph.batch: graphs.aligned([[0.5] * 784] * 128)}
    for count, of, (reach, stretch) in zip(
        (0, 3, 8), fed.values(), ((0.13, 0.08), (0.18, 0.12), (0.25, 0.17))
    ):
        step = _runs(graph.of_batch, feeds)
        cases.add(f"fed array, {count} hooks", of, step, reach, stretch)
    step = _runs(graph.of_number, {graph.number: 1.5})
    cases.add("fed python float", bare, step, 0.16, 0.10)
    cases.add("100 fetches", bare, _runs(graph.scalars[:100]), 0.08, 0.04)
    cases.add("1000 fetches", bare, _runs(graph.scalars), 0.12, 0.04)
    cases.add("nested dict of 5", bare, _runs(_nested(graph)), 0.22, 0.15)
    cases.add("a structure that never repeats", bare, _new(graph), 1.25, 1.1)
    cases.add("options and metadata given", bare, _traced(graph), 1.05, 1.0)
    cases.add("run_step_fn", bare, _step_fn(graph), 0.22, 0.16)
    cases.compare_bare(train, graph)
    return cases.rows()


class _Cases:
    """Callables by name and side, and the ratios wanted of them."""

    def __init__(self):
        self._calls = {}
        self._wanted = []

    def add(self, name, sessions, step, reach, stretch):
        """Adds a step that is made for either session of a pair."""
        self._calls[name, "TF"] = step(sessions.theirs)
        self._calls[name, "ours"] = step(sessions.ours)
        self._wanted.append((name, name, "TF", reach, stretch))

    def compare_bare(self, train, graph):
        """Compares the training step with what it is made of."""
        raw = train[0].ours.raw_session()
        self._calls["", "Session.run"] = lambda: raw.run(graph.train)
        self._calls["", "C callable"] = _c_callable(raw, graph.train)
        for count, reach, stretch in (
            (0, 0.27, 0.19),
            (1, 0.62, 0.47),
            (3, 0.75, 0.55),
        ):
            name = f"step, {count} hooks"
            self._wanted.append((name, "", "Session.run", reach, stretch))
        name = "step, 0 hooks"
        self._wanted.append((name, "", "C callable", 2.0, 1.4))

    def rows(self):
        took = timing.cpu_us(self._calls)
        return [
            Row(
                name if against == "TF" else f"{name}, against {against}",
                took[name, "ours"],
                took[other, against],
                "us",
                reach,
                stretch,
                against,
            )
            for name, other, against, reach, stretch in self._wanted
        ]


def _c_callable(raw, operation):
    """Returns the quickest that TensorFlow has, and that nobody may use."""
    from tensorflow.core.protobuf import config_pb2

    return raw._make_callable_from_options(
        config_pb2.CallableOptions(target=[operation.name])
    )


def _runs(fetches, feeds=None):
    return lambda session: lambda: session.run(fetches, feeds)


def _repeated(step, count=EVERY):
    def of_session(session):
        call = step(session)
        return lambda: collections.deque(
            (call() for _ in range(count)), maxlen=0
        )

    return of_session


def _nested(graph):
    a, b, c, d, e = graph.scalars[:5]
    return {"a": a, "more": {"b": b, "list": [c, d]}, "e": e}


def _new(graph):
    def of_session(session):
        numbers = itertools.count()
        tensor = graph.scalars[0]
        return lambda: session.run({f"key {next(numbers)}": tensor})

    return of_session


def _traced(graph):
    def of_session(session):
        options = v1.RunOptions(timeout_in_ms=60_000)
        return lambda: session.run(
            graph.train, options=options, run_metadata=v1.RunMetadata()
        )

    return of_session


def _step_fn(graph):
    def step_fn(step_context):
        return step_context.run_with_hooks(graph.train)

    return lambda session: lambda: session.run_step_fn(step_fn)


def _real_hooks(graph):
    folder = tempfile.mkdtemp()
    train = v1.train
    return [
        train.StopAtStepHook(last_step=10**9),
        train.StepCounterHook(every_n_steps=EVERY, output_dir=folder),
        train.LoggingTensorHook({"loss": graph.loss}, every_n_iter=EVERY),
        train.NanTensorHook(graph.loss),
        train.SummarySaverHook(
            save_steps=EVERY, output_dir=folder, summary_op=graph.summary
        ),
        train.CheckpointSaverHook(folder, save_secs=600),
        train.GlobalStepWaiterHook(0),
        train.FinalOpsHook(graph.loss),
    ]
