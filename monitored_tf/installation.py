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
    legacy_namespaces,
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

_NOTHING = object()

# (namespace, name, what stood there, what was put there) of each change. A
# namespace is a module, a class, or the dict of the imported modules.
_changed: list[tuple[Any, str, Any, Any]] = []


def install(*, estimator: bool = True) -> None:
    """Puts our classes into `tf.compat.v1.train` and all imported modules.

    Every module that holds one of TensorFlow's session classes under a global
    name gets ours: `tf.compat.v1.train`, TensorFlow's own modules, third-party
    trainers. Modules imported later find ours in `tf.compat.v1.train`. What
    was derived from TensorFlow's classes before, or holds them in another way,
    works on as it did. A second call looks at the modules imported since.

    `tf.estimator` and `tf.compat.v1.estimator` become `monitored_tf.estimator`,
    for `import tensorflow.estimator` too, also where TensorFlow has its own.
    With a TensorFlow of Keras 3, `tf.compat.v1.layers` and
    `tf.compat.v1.nn.rnn_cell` become those of tf_keras, which is loaded when
    one of their names is used.

    Args:
      estimator: False to leave `tf.estimator` as it is: in TensorFlow 2.15 and
        earlier, its own has DNNClassifier and others that ours has not.

    >>> install()
    >>> tf.compat.v1.train.MonitoredSession is session.MonitoredSession
    True
    >>> uninstall()
    """
    if not _changed:
        for cls in _TF_SESSIONS:
            _put(cls, "__init__", _with_own_globals(cls.__init__))
    replacements = {**_OURS, **_put_namespaces(estimator)}
    for module in _modules_but_ours():
        for name, value in list(vars(module).items()):
            if id(value) in replacements:
                _put(module, name, replacements[id(value)])


def uninstall() -> None:
    """Takes back what `install()` did, in every module it changed.

    A name that was given another value since is left alone, and so is a module
    that was imported in between and took our classes itself. TensorFlow's own
    modules are put right in any case.
    """
    while _changed:
        namespace, name, theirs, ours = _changed.pop()
        if isinstance(namespace, type) or _get(namespace, name) is ours:
            _set(namespace, name, theirs)
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


def _put_namespaces(estimator: bool) -> dict[int, Any]:
    """Puts modules where TensorFlow has them no more, or others of that name.

    Returns:
      By the id of each that was in such a place, what is there now: other
      modules may hold the former too.
    """
    former = {}
    for module, name, ours in legacy_namespaces.attributes(estimator):
        theirs = _get(module, name)
        if theirs not in (ours, _NOTHING):
            former[id(theirs)] = ours
        _put(module, name, ours)
    for name, ours in legacy_namespaces.imports(estimator).items():
        _put(sys.modules, name, ours)
    return former


def _put(namespace: Any, name: str, ours: Any) -> None:
    theirs = _get(namespace, name)
    if theirs is not ours:
        _changed.append((namespace, name, theirs, ours))
        _set(namespace, name, ours)


def _get(namespace: Any, name: str) -> Any:
    if namespace is sys.modules:
        return sys.modules.get(name, _NOTHING)
    return vars(namespace).get(name, _NOTHING)


def _set(namespace: Any, name: str, value: Any) -> None:
    if namespace is not sys.modules:
        if value is _NOTHING:
            delattr(namespace, name)
        else:
            setattr(namespace, name, value)
    elif value is _NOTHING:
        del sys.modules[name]
    else:
        sys.modules[name] = value


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
