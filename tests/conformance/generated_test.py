"""Random programs leave the same log on TensorFlow and here.

MONITORED_TF_PROGRAMS sets how many are tried; hypothesis prints, shrunk, the
first one that differs.
"""

import os

import hypothesis
from hypothesis import strategies as st

from tests.conformance import programs
from tests.conformance.programs import PREEMPTIONS, QUIET, Hook, Op, Program

_COUNT = int(os.environ.get("MONITORED_TF_PROGRAMS", "1000"))
_ERROR = st.sampled_from(sorted(programs.ERRORS))
_FETCHES = st.sampled_from(["inc", "const", "sum", "nested", "empty", "op"])
_PLACEHOLDER = st.sampled_from([None, None, "a", "b"])
_TIMEOUT = st.sampled_from([None, None, 8000, 9000])
_CALL = st.integers(1, 3)

_FAULT = st.tuples(
    st.sampled_from(
        ["begin", "after_create_session", "before_run", "after_run", "end"]
    ),
    _CALL,
    _ERROR,
)
_HOOK = st.builds(
    Hook,
    fetches=st.none() | _FETCHES,
    feeds=_PLACEHOLDER,
    timeout_in_ms=_TIMEOUT,
    stops=st.none()
    | st.tuples(st.sampled_from(["before_run", "after_run"]), _CALL),
    faults=st.lists(_FAULT, max_size=3).map(tuple),
    thread=st.sampled_from(
        [None, None, None, "stop", "Aborted", "ValueError", "OutOfRange"]
    ),
    base=st.sampled_from(["theirs", "ours"]),
)
_OP = st.builds(
    Op,
    kind=st.sampled_from(["run", "run", "should_stop", "step_fn", "raise"]),
    fetches=_FETCHES | st.just("invalid"),
    feed=_PLACEHOLDER,
    timeout_in_ms=_TIMEOUT,
    error=st.none() | _ERROR,
    stops=st.booleans(),
    raw=st.booleans(),
    caught=st.booleans(),
)
_PROGRAM = st.builds(
    Program,
    hooks=st.lists(_HOOK, max_size=3).map(tuple),
    ops=st.lists(_OP, min_size=1, max_size=6).map(tuple),
    session=st.sampled_from(
        ["MonitoredSession", "MonitoredSession", "SingularMonitoredSession"]
    ),
    creation_faults=st.lists(st.tuples(_CALL, _ERROR), max_size=2).map(tuple),
    with_block=st.booleans(),
    finalized=st.booleans(),
)


@hypothesis.settings(
    max_examples=_COUNT,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=list(hypothesis.HealthCheck),
)
@hypothesis.given(_PROGRAM)
def test_same_log(program):
    hypothesis.assume(not _meets_a_difference(program))
    theirs, ours = programs.logs(program)
    hypothesis.assume(not _closing_error_hides_the_bodys(program, theirs))
    assert ours == theirs


def _meets_a_difference(program: Program) -> bool:
    """Whether the program runs into a row of the table of differences."""
    errors = {fault[2] for hook in program.hooks for fault in hook.faults}
    errors |= {op.error for op in program.ops if op.kind == "step_fn"}
    errors |= {hook.thread for hook in program.hooks}
    threads = {hook.thread for hook in program.hooks} - {None}
    stops = any(hook.stops for hook in program.hooks)
    ends = [
        fault[0] == "end" for hook in program.hooks for fault in hook.faults
    ]
    early_ends = any(
        fault[0] == "end"
        for hook in program.hooks[:-1]
        for fault in hook.faults
    )
    step_fns = [op for op in program.ops if op.kind == "step_fn"]
    singular = program.session == "SingularMonitoredSession"
    return (
        # every end() is called; the first error is raised
        early_ends
        or (any(ends) and bool(threads))
        # a stop outlives a recovery
        or (stops and not threads.isdisjoint(PREEMPTIONS))
        # a step function's stop shows in should_stop()
        or any(op.stops and op.caught for op in step_fns)
        or (any(op.stops for op in step_fns) and not program.with_block)
        # step_context.session is the new one
        or (
            any(op.raw for op in step_fns)
            and not errors.isdisjoint(PREEMPTIONS)
        )
        # SingularMonitoredSession.should_stop() does not raise
        or (singular and bool(threads))
    )


def _closing_error_hides_the_bodys(program: Program, theirs: list) -> bool:
    """Whether TensorFlow raised a thread's error in place of the body's."""
    if not program.with_block:
        return False
    found = dict(entry for entry in theirs if len(entry) == 2)
    body = found.get("body raised")
    return (
        body is not None
        and body not in QUIET
        and found.get("exit raised") != body
    )
