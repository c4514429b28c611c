"""Keras 3 in the graphs of sessions: layers that train as they do elsewhere.

with tf.Graph().as_default(), monitored_tf.keras_graph() as keras:
    logits = model(images, training=True)
    ...
    train_op = keras.with_updates(optimizer.minimize(loss, global_step))
"""

from __future__ import annotations

import collections
import contextlib
import weakref
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from absl import logging

from monitored_tf import (
    _keras_private,
    keras_optimizers,
    keras_scopes,
    keras_updates,
    legacy_layers,
)

# Graph -> how often Keras gave each name in it.
_name_counts: weakref.WeakKeyDictionary[Any, dict[str, int]] = (
    weakref.WeakKeyDictionary()
)


# Graph -> which of its operations, by number, keras_graph(run_updates=False)
# held. Operations themselves would keep the graph alive.
_left_out: weakref.WeakKeyDictionary[Any, list[range]] = (
    weakref.WeakKeyDictionary()
)


class KerasGraph:
    """What Keras makes in one `keras_graph()` block.

    Args:
      graph: The `tf.Graph`.
      run_updates: Whether `with_updates` adds any.
    """

    def __init__(self, graph: Any, run_updates: bool) -> None:
        self._graph = graph
        self._run_updates = run_updates
        self._begin = len(graph.get_operations())

    def with_updates(self, train_op: Any) -> Any:
        """Returns an op that also runs the updates that Keras left hanging.

        Those of the layers called in the block so far: averages of
        BatchNormalization, seeds of Dropout, what a layer of one's own
        assigns in `call()` to what `add_weight()` gave. They run after
        `train_op`. The log names them. Left alone are updates that `train_op`
        runs already, the caller's own assignments, and metrics.

        Args:
          train_op: An op or a tensor.

        Returns:
          An op; `train_op` itself if no update hangs.

        Raises:
          ValueError: if an optimizer of Keras 3 was applied in a way that
            keeps no op.
        """
        if not self._run_updates:
            return train_op
        updates = keras_updates.hanging_updates(self._made(), train_op)
        if not updates:
            return train_op
        logging.warning(
            "Keras 3 left %d updates to nobody, which run after the train op "
            "now: %s. Inside keras_graph(run_updates=False) none is added.",
            len(updates),
            ", ".join(keras_updates.variable_name(op) for op in updates),
        )
        return keras_updates.run_after(train_op, updates)

    def _made(self) -> list[Any]:
        operations = self._graph.get_operations()
        left_out = _left_out.get(self._graph, ())
        return [
            operations[i]
            for i in range(self._begin, len(operations))
            if not any(i in block for block in left_out)
        ]


@contextlib.contextmanager
def keras_graph(*, run_updates: bool = True) -> Iterator[KerasGraph]:
    """Lets a graph be built with Keras 3, in which it trains as it should.

    In the block:

    - Names of layers begin anew in each graph, as `dense` in one for training
      and in one for evaluation: else no checkpoint of the one fits the other.
      After it, Keras counts on from where it was. Variables are called as
      Keras 2 calls them.
    - `apply_gradients()` of an optimizer of Keras returns an op that does it.
      It counts the optimizer's own `iterations`, not the global step.

    The object it yields adds the updates that Keras left hanging to a train
    op. With Keras 2 and tf_keras there is nothing to do, and nothing is done.
    The Estimator calls model_fn inside such a block.

    Args:
      run_updates: False to add no updates, neither here nor, for what is
        built in this block, in one around it: an Estimator's.

    Yields:
      A `KerasGraph`.

    Raises:
      RuntimeError: if no graph is being built.
    """
    if tf.executing_eagerly():
        raise RuntimeError(
            "keras_graph() found no graph to build. Enter it inside one: "
            "with tf.Graph().as_default(), monitored_tf.keras_graph(): ..."
        )
    graph = tf.compat.v1.get_default_graph()
    begin = len(graph.get_operations())
    with contextlib.ExitStack() as stack:
        stack.enter_context(legacy_layers.naming_the_cure())
        stack.enter_context(keras_optimizers.returning_ops())
        stack.enter_context(_own_names(graph))
        stack.enter_context(keras_scopes.one_scope_a_layer(graph))
        yield KerasGraph(graph, run_updates)
    if not run_updates:
        held = range(begin, len(graph.get_operations()))
        _left_out.setdefault(graph, []).append(held)


@contextlib.contextmanager
def _own_names(graph: Any) -> Iterator[None]:
    counts = _name_counts.setdefault(graph, collections.defaultdict(int))
    before = _keras_private.exchange_name_counts(counts)
    try:
        yield
    finally:
        _keras_private.exchange_name_counts(before)
