"""Optimizers of Keras 3 in a graph: apply_gradients() that returns an op."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import _keras_private


class _Installation(threading.local):
    """How many blocks of this thread want ops."""

    blocks = 0


_here = _Installation()
_lock = threading.Lock()
# Of all threads: the method is replaced while any of them is in a block.
_blocks: list[Any] = []
_undo: list[Callable[[], None]] = []


@contextlib.contextmanager
def returning_ops() -> Iterator[None]:
    """Lets the optimizers of Keras 3 return what applies the gradients.

    As they are, they make assignments that nothing runs, in an order that the
    graph leaves open. In the block, `apply_gradients()` that is called in a
    graph works as inside a `tf.function`, and returns the op that runs it.
    Elsewhere, other threads included, it does what it did.
    """
    keras = _keras_private.keras3()
    if keras is None:
        yield
        return
    block = object()
    with _lock:
        if not _blocks:
            _undo.append(_replace_in(keras.optimizers.Optimizer))
        _blocks.append(block)
    _here.blocks += 1
    try:
        yield
    finally:
        _here.blocks -= 1
        with _lock:
            _blocks.remove(block)
            if not _blocks:
                _undo.pop()()


def _replace_in(cls: Any) -> Callable[[], None]:
    name = "apply_gradients"
    inherited = name not in vars(cls)
    theirs = getattr(cls, name)

    @functools.wraps(theirs)
    def apply_gradients(
        self: Any, grads_and_vars: Iterable[Any], *args: Any, **kwargs: Any
    ) -> Any:
        apply = functools.partial(theirs, self)
        if not _here.blocks or tf.executing_eagerly() or tf.inside_function():
            return apply(grads_and_vars, *args, **kwargs)
        return _in_function(self, apply, list(grads_and_vars))

    setattr(cls, name, apply_gradients)
    if inherited:
        return functools.partial(delattr, cls, name)
    return functools.partial(setattr, cls, name, theirs)


def _in_function(
    optimizer: Any, apply: Callable[[Any], Any], pairs: list[tuple[Any, Any]]
) -> Any:
    """Returns an op that does what `apply` does when run eagerly."""
    _check(optimizer)
    variables = [variable for _, variable in pairs]
    # A function that ran before could not make them any more.
    if not optimizer.built:
        with _keras_private.keras3().name_scope(
            optimizer.name, caller=optimizer
        ):
            optimizer.build(variables)
        optimizer.built = True

    def applied(*gradients: Any) -> Any:
        apply(zip(gradients, variables))
        return tf.identity(optimizer.iterations)

    function = tf.function(applied, autograph=False)
    return tf.group(function(*(gradient for gradient, _ in pairs)))


# What Keras compares steps for by ==, which is no op in a graph of TensorFlow
# 1: such an optimizer would train, and not as it says.
_NEEDS_EQUALITY = ("gradient_accumulation_steps", "ema_overwrite_frequency")


def _check(optimizer: Any) -> None:
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    for name in _NEEDS_EQUALITY:
        if getattr(inner, name, None):
            raise ValueError(
                f"{type(inner).__name__}({name}={getattr(inner, name)!r}) of "
                "Keras 3 cannot work in a graph: do without the argument, or "
                "use an optimizer of tf.compat.v1.train."
            )
