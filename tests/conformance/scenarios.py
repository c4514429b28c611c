"""Programs written by hand: each sentence of the documented behaviour."""

from tests.conformance.programs import PREEMPTIONS, Hook, Op, Program

_ERRORS = ("Aborted", "OutOfRange", "StopIteration", "ValueError")
_CALLBACKS = ("begin", "after_create_session", "before_run", "after_run", "end")
_LOOP = (Op("should_stop"), Op(), Op("should_stop"), Op(), Op("should_stop"))


def _programs():
    yield "no hooks", Program()
    yield "no step", Program(hooks=(Hook(),), ops=())
    yield "two hooks in order", Program(hooks=(Hook(), Hook()), ops=_LOOP)
    yield "a hook of ours", Program(hooks=(Hook(base="ours"), Hook()))
    for fetches in ("inc", "const", "nested", "empty", "op", "none", "name"):
        yield (
            f"fetching {fetches}",
            Program(
                hooks=(Hook(fetches=fetches), Hook(), Hook(fetches="sum")),
                ops=(Op(fetches=fetches, caught=True), Op(fetches="sum")),
            ),
        )
    yield (
        "a kernel fails",
        Program(hooks=(Hook(),), ops=(Op(fetches="invalid"),)),
    )
    yield "a hook's kernel fails", Program(hooks=(Hook(), Hook("invalid")))
    yield from _feeds()
    yield from _options()
    yield from _stops()
    yield from _faults()
    yield from _threads()
    yield from _step_functions()
    yield from _exits()


def _feeds():
    for user in (None, "a", "b"):
        for first in (None, "a"):
            for second in (None, "a", "b"):
                hooks = (Hook(feeds=first), Hook("sum", second), Hook())
                yield (
                    f"feeding {user}, {first}, {second}",
                    Program(hooks=hooks, ops=(Op(fetches="sum", feed=user),)),
                )


def _options():
    for user, hook in ((None, 9000), (9000, None), (9000, 8000), (8000, 9000)):
        yield (
            f"options {user}, {hook}",
            Program(
                hooks=(Hook(timeout_in_ms=hook), Hook()),
                ops=(Op(timeout_in_ms=user), Op()),
            ),
        )


def _stops():
    for callback in ("before_run", "after_run"):
        hooks = (Hook(stops=(callback, 2)), Hook())
        yield f"stop in {callback}", Program(hooks=hooks, ops=_LOOP)
        run_on = (Op(), Op(), Op(caught=True), Op())
        yield f"run after stop in {callback}", Program(hooks=hooks, ops=run_on)
    fault = Hook(faults=(("before_run", 1, "Aborted"),))
    yield (
        "a stop that a preempted run asked for",
        Program(hooks=(Hook(stops=("before_run", 1)), fault), ops=_LOOP),
    )


def _faults():
    for session in ("MonitoredSession", "SingularMonitoredSession"):
        for callback in _CALLBACKS:
            for error in (*_ERRORS, "Unavailable", "KeyboardInterrupt"):
                for call in (1, 2):
                    # Last: an end() that fails is a row of differences.
                    faulty = Hook(faults=((callback, call, error),))
                    yield (
                        f"{error} in {callback} {call} of {session}",
                        Program(
                            hooks=(Hook("inc"), faulty),
                            ops=_LOOP,
                            session=session,
                        ),
                    )
    for call in (1, 2):
        for error in _ERRORS:
            lost = Hook(faults=(("after_run", 1, "Aborted"),))
            yield (
                f"{error} at creation {call}",
                Program(
                    hooks=(lost,),
                    ops=(Op(caught=True), Op("should_stop"), Op()),
                    creation_faults=((call, error),),
                ),
            )
    again = Hook(faults=(("after_create_session", 2, "Aborted"),))
    lost = Hook(faults=tuple(("before_run", n, "Aborted") for n in (1, 2, 4)))
    yield "lost again and again", Program(hooks=(again, lost), ops=_LOOP)


def _threads():
    for error in (*_ERRORS, "stop"):
        thread = Hook(thread=error)
        yield f"thread: {error}", Program(hooks=(thread,), ops=_LOOP)
        yield f"thread: {error}, no check", Program(hooks=(thread,))
        for fault in (*PREEMPTIONS, "ValueError", "StopIteration"):
            faulty = Hook(faults=(("after_run", 1, fault),))
            yield (
                f"thread: {error}, hook: {fault}",
                Program(
                    hooks=(thread, faulty),
                    ops=(Op(caught=True), Op("should_stop"), Op(caught=True)),
                ),
            )
        for session in ("MonitoredSession", "SingularMonitoredSession"):
            yield (
                f"thread: {error}, {session} closed",
                Program(hooks=(thread,), with_block=False, session=session),
            )


def _step_functions():
    hooks = (Hook("inc"), Hook())
    for session in ("MonitoredSession", "SingularMonitoredSession"):
        for error in (None, *_ERRORS):
            yield (
                f"step_fn of {session}: {error}",
                Program(
                    hooks=hooks,
                    ops=(Op("step_fn", error=error), Op("should_stop")),
                    session=session,
                ),
            )
    yield "step_fn stops", Program(hooks, (Op("step_fn", stops=True), Op()))
    yield "step_fn, raw session", Program(hooks, (Op("step_fn", raw=True),))
    stop = (Op("step_fn", stops=True, caught=True), Op())
    yield "run after step_fn stopped", Program(hooks=hooks, ops=stop)


def _exits():
    for with_block in (True, False):
        for finalized in (True, False):
            for error in (*_ERRORS, "KeyboardInterrupt"):
                yield (
                    f"body: {error}, with: {with_block}, {finalized}",
                    Program(
                        hooks=(Hook(), Hook()),
                        ops=(Op(), Op("raise", error=error)),
                        with_block=with_block,
                        finalized=finalized,
                    ),
                )


PROGRAMS = dict(_programs())
