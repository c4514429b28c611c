"""Small training programs, and an interpreter that writes down all they see.

The same program runs on TensorFlow's sessions and on ours; the two logs must
be equal. A log holds every callback with its arguments, every result, the
type of every error, and the state that is left behind.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import types
import warnings
from typing import Any

import numpy as np
import tensorflow as tf

import monitored_tf

v1 = tf.compat.v1

THEIRS = types.SimpleNamespace(
    MonitoredSession=v1.train.MonitoredSession,
    SingularMonitoredSession=v1.train.SingularMonitoredSession,
    ChiefSessionCreator=v1.train.ChiefSessionCreator,
    SessionRunHook=v1.train.SessionRunHook,
    keywords={},
)
OURS = types.SimpleNamespace(
    MonitoredSession=monitored_tf.MonitoredSession,
    SingularMonitoredSession=monitored_tf.SingularMonitoredSession,
    ChiefSessionCreator=monitored_tf.ChiefSessionCreator,
    SessionRunHook=monitored_tf.SessionRunHook,
    # Recovers at once and for ever, as TensorFlow: a row of the table of
    # differences.
    keywords={"recovery": monitored_tf.RecoveryPolicy.tf()},
)

ERRORS = {
    "Aborted": lambda: tf.errors.AbortedError(None, None, "planted"),
    "Unavailable": lambda: tf.errors.UnavailableError(None, None, "planted"),
    "OutOfRange": lambda: tf.errors.OutOfRangeError(None, None, "planted"),
    "StopIteration": lambda: StopIteration("planted"),
    "ValueError": lambda: ValueError("planted"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("planted"),
}
PREEMPTIONS = ("Aborted", "Unavailable")
QUIET = ("OutOfRangeError", "StopIteration")


@dataclasses.dataclass(frozen=True)
class Hook:
    """A hook that logs.

    Attributes:
      fetches: Key of `_tensors`, or None.
      feeds: Name of a placeholder to feed, or None.
      timeout_in_ms: Asked for through RunOptions, or None.
      stops: (callback, call) at which it asks for the end, or None.
      faults: ((callback, call, error), ...).
      thread: What a thread tells the coordinator of the first session: a key
        of ERRORS, "stop" for a clean end, or None for no thread.
      base: "theirs" or "ours": which SessionRunHook it derives from.
    """

    fetches: str | None = None
    feeds: str | None = None
    timeout_in_ms: int | None = None
    stops: tuple[str, int] | None = None
    faults: tuple[tuple[str, int, str], ...] = ()
    thread: str | None = None
    base: str = "theirs"


@dataclasses.dataclass(frozen=True)
class Op:
    """One thing that the body of the program does.

    Attributes:
      kind: "run", "step_fn", "should_stop" or "raise".
      fetches: What a run fetches.
      feed: Placeholder that a run feeds, or None.
      timeout_in_ms: RunOptions of a run, or None.
      error: For "raise"; for "step_fn", raised at its first call.
      stops: For "step_fn": asks for the end after its run.
      raw: For "step_fn": runs on the raw session too.
      caught: Whether the body catches what this raises.
    """

    kind: str = "run"
    fetches: str = "inc"
    feed: str | None = None
    timeout_in_ms: int | None = None
    error: str | None = None
    stops: bool = False
    raw: bool = False
    caught: bool = False


@dataclasses.dataclass(frozen=True)
class Program:
    """A session, its hooks, and a body.

    Attributes:
      session: "MonitoredSession" or "SingularMonitoredSession".
      creation_faults: ((call, error), ...) of the session creator.
      with_block: Whether it closes through `with` or by `close()`.
      finalized: Whether the graph is finalized beforehand.
    """

    hooks: tuple[Hook, ...] = ()
    ops: tuple[Op, ...] = (Op(),)
    session: str = "MonitoredSession"
    creation_faults: tuple[tuple[int, str], ...] = ()
    with_block: bool = True
    finalized: bool = False


def logs(program: Program) -> tuple[list[Any], list[Any]]:
    """Returns the log of TensorFlow and ours."""
    return run(program, THEIRS), run(program, OURS)


def run(program: Program, side: Any) -> list[Any]:
    """Runs a program and returns its log."""
    log: list[Any] = []
    with tf.Graph().as_default() as graph, warnings.catch_warnings():
        warnings.simplefilter("ignore", monitored_tf.StrayStopWarning)
        tensors = _tensors()
        if program.finalized:
            v1.train.Scaffold().finalize()
        hooks = [
            _HOOK_CLASSES[hook.base](hook, name, tensors, log)
            for name, hook in zip("abcdefgh", program.hooks)
        ]
        with _logging_error(log, "constructor"):
            session = _make(program, side, hooks, log)
            _run_body(program, session, tensors, log)
            log.append(("should_stop", session.should_stop()))
            log.append(("finalized", graph.finalized))
    return log


def _make(program: Program, side: Any, hooks: Any, log: Any) -> Any:
    if program.session == "SingularMonitoredSession":
        return side.SingularMonitoredSession(hooks=hooks)
    creator = _FaultyCreator(
        side.ChiefSessionCreator(), dict(program.creation_faults), log
    )
    return side.MonitoredSession(creator, hooks, **side.keywords)


def _run_body(program: Program, session: Any, tensors: Any, log: Any) -> None:
    with _logging_error(log, "exit"):
        if program.with_block:
            with session:
                _do_all(program.ops, session, tensors, log)
        else:
            with _logging_error(log, "uncaught"):
                _do_all(program.ops, session, tensors, log)
            session.close()


def _do_all(ops: Any, session: Any, tensors: Any, log: Any) -> None:
    try:
        for op in ops:
            with _logging_error(log, "caught") if op.caught else _nothing():
                log.append((op.kind, _do(op, session, tensors)))
    except BaseException as error:
        log.append(("body raised", type_of(error)))
        raise


def _do(op: Op, session: Any, tensors: Any) -> Any:
    if op.kind == "should_stop":
        return session.should_stop()
    if op.kind == "raise":
        raise ERRORS[op.error or "ValueError"]()
    arguments = {
        "fetches": tensors[op.fetches],
        "feed_dict": op.feed and {tensors[op.feed]: 5.0},
        "options": _options(op.timeout_in_ms),
    }
    if op.kind == "run":
        return plain(session.run(**arguments))
    return plain(session.run_step_fn(_step_fn(op, arguments, tensors)))


def _step_fn(op: Op, arguments: Any, tensors: Any) -> Any:
    errors = [ERRORS[op.error]()] if op.error else []

    def step_fn(step_context):
        if op.raw:
            step_context.session.run(tensors["const"])
        result = step_context.run_with_hooks(**arguments)
        if errors:
            raise errors.pop()
        if op.stops:
            step_context.request_stop()
        return result

    return step_fn


def _tensors() -> dict[str, Any]:
    step = v1.train.get_or_create_global_step()
    a = v1.placeholder_with_default(1.0, [], name="a")
    b = v1.placeholder_with_default(2.0, [], name="b")
    inc = v1.assign_add(step, 1)
    return {
        "a": a,
        "b": b,
        "inc": inc,
        "const": tf.constant([1, 2]),
        "sum": a + b,
        "nested": {"x": [a, inc], "y": (b,)},
        "empty": [],
        "op": inc.op,
        "none": None,
        "name": "a:0",
        "invalid": v1.debugging.check_numerics(a / 0.0, "planted"),
    }


class _Logged:
    def __init__(self, spec, name, tensors, log):
        self._spec = spec
        self._name = name
        self._tensors = tensors
        self._log = log
        self._calls = collections.Counter()

    def _called(self, callback, *seen, context=None):
        self._log.append((f"{self._name}.{callback}", *seen))
        self._calls[callback] += 1
        call = self._calls[callback]
        if self._spec.stops == (callback, call):
            context.request_stop()
        for fault in self._spec.faults:
            if fault[:2] == (callback, call):
                raise ERRORS[fault[2]]()

    def begin(self):
        self._called("begin", v1.get_default_graph().finalized)

    def after_create_session(self, session, coord):
        if self._spec.thread and not self._calls["after_create_session"]:
            _fail_in_thread(self._spec.thread, coord)
        self._called(
            "after_create_session",
            type(session).__name__,
            type(coord).__name__,
            session.graph.finalized,
        )

    def before_run(self, run_context):
        args = run_context.original_args
        self._called(
            "before_run",
            isinstance(run_context, v1.train.SessionRunContext),
            _keys(args.fetches, self._tensors),
            plain(args.feed_dict and list(args.feed_dict.values())),
            run_context.stop_requested,
            type(run_context.session).__name__,
            context=run_context,
        )
        spec = self._spec
        if spec.fetches is spec.feeds is spec.timeout_in_ms is None:
            return None
        return v1.train.SessionRunArgs(
            spec.fetches and self._tensors[spec.fetches],
            spec.feeds and {self._tensors[spec.feeds]: 7.0},
            _options(spec.timeout_in_ms),
        )

    def after_run(self, run_context, run_values):
        self._called(
            "after_run",
            plain(run_values.results),
            run_values.options.SerializeToString(),
            type(run_values.run_metadata).__name__,
            run_context.stop_requested,
            context=run_context,
        )

    def end(self, session):
        self._called("end", type(session).__name__)


class _LoggedHookOfTheirs(_Logged, THEIRS.SessionRunHook):
    pass


class _LoggedHookOfOurs(_Logged, OURS.SessionRunHook):
    pass


_HOOK_CLASSES = {"theirs": _LoggedHookOfTheirs, "ours": _LoggedHookOfOurs}


class _FaultyCreator(v1.train.SessionCreator):
    def __init__(self, creator: Any, faults: dict[int, str], log: Any) -> None:
        self._creator = creator
        self._faults = faults
        self._log = log
        self._calls = 0

    def create_session(self) -> Any:
        self._calls += 1
        self._log.append(("create_session", self._calls))
        if self._calls in self._faults:
            raise ERRORS[self._faults[self._calls]]()
        return self._creator.create_session()


def _fail_in_thread(kind: str, coord: Any) -> None:
    def fail():
        try:
            raise ERRORS[kind]()
        except BaseException as error:
            coord.request_stop(error)

    target = coord.request_stop if kind == "stop" else fail
    thread = threading.Thread(target=target)
    coord.register_thread(thread)
    thread.start()
    # No race: from here on the coordinator knows.
    thread.join()


def _options(timeout_in_ms: int | None) -> Any:
    return timeout_in_ms and v1.RunOptions(timeout_in_ms=timeout_in_ms)


def _keys(fetches: Any, tensors: Any) -> Any:
    return [key for key, value in tensors.items() if value is fetches]


def plain(value: Any) -> Any:
    """Returns results as plain Python, types kept apart."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value)
    if isinstance(value, (np.ndarray, np.generic)):
        return (type(value).__name__, str(value.dtype), value.tolist())
    return value


def type_of(error: BaseException) -> str:
    """Returns the type of an error; for one of ours, what else it is."""
    for cls in type(error).__mro__:
        if not cls.__module__.startswith("monitored_tf"):
            return cls.__name__
    raise AssertionError(error)


@contextlib.contextmanager
def _logging_error(log: Any, where: str) -> Any:
    try:
        yield
    except BaseException as error:
        log.append((f"{where} raised", type_of(error)))


@contextlib.contextmanager
def _nothing() -> Any:
    yield
