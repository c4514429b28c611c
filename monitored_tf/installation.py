"""Puts our sessions where code written for TensorFlow looks for its own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import tensorflow as tf

from monitored_tf import session, session_creators, training_session

_train = tf.compat.v1.train

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
    (_train.ChiefSessionCreator, session_creators.ChiefSessionCreator),
    (_train.WorkerSessionCreator, session_creators.WorkerSessionCreator),
)
_OURS_BY_ID = {id(theirs): ours for theirs, ours in _REPLACEMENTS}
_OWN_PACKAGE = __name__.partition(".")[0]

# (module, name, TensorFlow's object) of each place that was changed.
_changed: list[tuple[ModuleType, str, Any]] = []


def install() -> None:
    """Puts our classes into `tf.compat.v1.train` and all imported modules.

    Every module that holds one of TensorFlow's session classes under a global
    name gets ours: `tf.compat.v1.train`, TensorFlow's own modules, third-party
    trainers. Modules imported later find ours in `tf.compat.v1.train`. What
    was derived from TensorFlow's classes before stays as it is. A second call
    looks at the modules imported since.

    >>> install()
    >>> tf.compat.v1.train.MonitoredSession is session.MonitoredSession
    True
    >>> uninstall()
    """
    # The attributes of `tf` are loaded when first used: make them exist.
    places = [_train, *_imported_modules()]
    for module in places:
        for name, value in _globals_of(module):
            ours = _OURS_BY_ID.get(id(value))
            if ours is not None:
                setattr(module, name, ours)
                _changed.append((module, name, value))


def uninstall() -> None:
    """Takes back what `install()` did, in every module it changed.

    A name that was given another value since is left alone, and so is a module
    that was imported in between and took our classes itself.
    """
    while _changed:
        module, name, theirs = _changed.pop()
        if dict(_globals_of(module)).get(name) is _OURS_BY_ID[id(theirs)]:
            setattr(module, name, theirs)


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


def _imported_modules() -> list[ModuleType]:
    return [
        module
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        and name.partition(".")[0] != _OWN_PACKAGE
    ]


def _globals_of(module: ModuleType) -> list[tuple[str, Any]]:
    # Not getattr(): modules that load their names on demand must not do so.
    return list(vars(module).items())
