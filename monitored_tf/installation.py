"""Puts our sessions where code written for TensorFlow looks for its own."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from monitored_tf import (
    chief_session_creator,
    session,
    training_session,
    worker_session_creator,
)

_train = tf.compat.v1.train
_TF_SESSIONS = (_train.MonitoredSession, _train.SingularMonitoredSession)

# TensorFlow's objects, as they were before anything was replaced, and ours.
# SessionRunHook and SessionCreator stay: TensorFlow's own hooks and creators
# must remain instances of them.
_REPLACEMENTS: tuple[tuple[Any, Any], ...] = (
    (_train.MonitoredSession, session.MonitoredSession),
    (_train.SingularMonitoredSession, session.SingularMonitoredSession),
    (
        _train.MonitoredTrainingSession,
        training_session.MonitoredTrainingSession,
    ),
    (_train.ChiefSessionCreator, chief_session_creator.ChiefSessionCreator),
    (
        _train.WorkerSessionCreator,
        worker_session_creator.WorkerSessionCreator,
    ),
)
_OURS = {id(theirs): ours for theirs, ours in _REPLACEMENTS}
_THEIRS = {id(ours): theirs for theirs, ours in _REPLACEMENTS}
_OWN_PACKAGE = __name__.partition(".")[0]

# (module or class, name, what stood there) of each place that was changed.
_changed: list[tuple[Any, str, Any]] = []


def install() -> None:
    """Puts our classes into `tf.compat.v1.train` and all imported modules.

    Every module that holds one of TensorFlow's session classes under a global
    name gets ours: `tf.compat.v1.train`, TensorFlow's own modules, third-party
    trainers. Modules imported later find ours in `tf.compat.v1.train`. What
    was derived from TensorFlow's classes before, or holds them in another way,
    works on as it did. A second call looks at the modules imported since.

    >>> install()
    >>> tf.compat.v1.train.MonitoredSession is session.MonitoredSession
    True
    >>> uninstall()
    """
    if not _changed:
        for cls in _TF_SESSIONS:
            _change(cls, "__init__", _with_own_globals(cls.__init__))
    for module in _modules_but_ours():
        for name, value in list(vars(module).items()):
            if id(value) in _OURS:
                _change(module, name, _OURS[id(value)])


def uninstall() -> None:
    """Takes back what `install()` did, in every module it changed.

    A name that was given another value since is left alone, and so is a module
    that was imported in between and took our classes itself. TensorFlow's own
    modules are put right in any case.
    """
    while _changed:
        place, name, theirs = _changed.pop()
        current = vars(place).get(name)
        if isinstance(place, type) or current is _OURS[id(theirs)]:
            setattr(place, name, theirs)
    for module in _modules_but_ours():
        if module.__name__.partition(".")[0] == "tensorflow":
            for name, value in list(vars(module).items()):
                if id(value) in _THEIRS:
                    setattr(module, name, _THEIRS[id(value)])


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Installs for a `with` block; leaves things as they were before it."""
    was_installed = bool(_changed)
    install()
    try:
        yield
    finally:
        if not was_installed:
            uninstall()


def _change(place: Any, name: str, value: Any) -> None:
    _changed.append((place, name, vars(place)[name]))
    setattr(place, name, value)


def _modules_but_ours() -> list[types.ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if isinstance(module, types.ModuleType)
        and name.partition(".")[0] != _OWN_PACKAGE
    ]


def _with_own_globals(function: Any) -> Any:
    """Returns the function with the globals it has now, whatever comes.

    TensorFlow's constructors find their own class by its global name, which
    install() gives to ours.
    """
    copy = types.FunctionType(
        function.__code__,
        dict(function.__globals__),
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__doc__, copy.__kwdefaults__ = (
        function.__doc__,
        function.__kwdefaults__,
    )
    return copy
