"""What a step takes by the clock, with TensorFlow's default threads."""

import contextlib

import tensorflow as tf

from tests.benchmarks import graphs, timing
from tests.benchmarks.rows import Row

WANTED = {0: (0.33, 0.21), 1: (0.45, 0.25), 3: (0.48, 0.29), 8: (0.60, 0.45)}


def rows():
    """Returns the rows of the tiny train op and of a small network."""
    return [*_tiny(), _mlp()]


def _tiny():
    with tf.Graph().as_default(), contextlib.ExitStack() as stack:
        graph = graphs.small_graph()
        calls = {}
        for count in WANTED:
            pair = stack.enter_context(
                graphs.pair(_hooks(graph.loss, count), config=None)
            )
            calls[count, "TF"] = _run(pair.theirs, graph.train)
            calls[count, "ours"] = _run(pair.ours, graph.train)
        took = timing.wall_us(calls)
    return [
        Row(
            f"step, {count} hooks, default config, wall",
            took[count, "ours"],
            took[count, "TF"],
            "us",
            *wanted,
        )
        for count, wanted in WANTED.items()
    ]


def _mlp():
    with tf.Graph().as_default():
        graph = graphs.mlp_graph()
        with graphs.pair(_hooks(graph.loss, 3), config=None) as pair:
            took = timing.wall_us(
                {
                    "TF": _run(pair.theirs, graph.train, graph.feeds),
                    "ours": _run(pair.ours, graph.train, graph.feeds),
                },
                rounds=41,
            )
    name = "MLP 784-256-10, batch 128, 3 hooks, wall"
    return Row(name, took["ours"], took["TF"], "us", 1.0, 0.86)


def _hooks(tensor, count):
    return lambda: [graphs.FetchingHook(tensor) for _ in range(count)]


def _run(session, fetches, feeds=None):
    return lambda: session.run(fetches, feeds)
