"""One name scope a layer of Keras 3, after which its variables are named."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from monitored_tf import _keras_private


@contextlib.contextmanager
def one_scope_a_layer(graph: Any) -> Iterator[None]:
    """Lets each layer of Keras 3 open the same name scope again and again.

    Keras opens it to build a layer, and again to call it. In a graph the second
    one is called `dense_1` after `dense`, which is the name of the next layer:
    the variables of that would be in `dense_1_1`, where no checkpoint of Keras
    2 has them.

    Args:
      graph: The `tf.Graph`; none other is changed.
    """
    open_scope: Any = graph.name_scope
    # By layer, which is kept so that its id stays its own, and scope around it.
    opened: dict[tuple[int, str], tuple[Any, str]] = {}

    @contextlib.contextmanager
    def name_scope(name: Any) -> Iterator[Any]:
        layer = _keras_private.layer_that_opens(name)
        if layer is None:
            with open_scope(name) as scope:
                yield scope
            return
        key = id(layer), graph.get_name_scope()
        _, known = opened.get(key, (layer, name))
        with open_scope(known) as scope:
            opened[key] = layer, scope
            yield scope

    graph.name_scope = name_scope
    try:
        yield
    finally:
        if inspect.ismethod(open_scope):
            del graph.name_scope
        else:  # That of a block around this one.
            graph.name_scope = open_scope
