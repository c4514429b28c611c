"""In what order hooks are called, and what becomes of their errors."""

from unittest import mock

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import SessionRunContext, errors, hook_calls, run_plan
from monitored_tf.hook_calls import Participants
from monitored_tf.testing import Fault, FaultHook, RecordingHook

v1 = tf.compat.v1
Args = v1.train.SessionRunArgs


def _calls_of(*hooks):
    return hook_calls.HookCalls(hooks)


def _failing(callback, text="boom"):
    return FaultHook(Fault(callback, error=ValueError(text)))


def _context(fetches=None):
    return SessionRunContext(Args(fetches, None), None)


def test_all_callbacks_come_in_the_order_of_the_hooks():
    log = []
    calls = _calls_of(RecordingHook("a", log), RecordingHook("b", log))
    calls.begin()
    calls.after_create_session(None, None)
    calls.recovered(None)
    calls.error(None, ValueError())
    calls.end(None)
    calls.close()
    assert log == [
        f"{name}.{callback}"
        for callback in (
            "begin",
            "after_create_session",
            "on_recovery",
            "on_error",
            "end",
            "close",
        )
        for name in "ab"
    ]


@pytest.mark.parametrize(
    ("callback", "arguments"),
    [("begin", ()), ("after_create_session", (None, None))],
)
def test_the_first_error_of_a_start_skips_the_later_hooks(callback, arguments):
    log = []
    calls = _calls_of(
        RecordingHook("a", log), _failing(callback), RecordingHook("b", log)
    )
    with pytest.raises(ValueError, match="boom"):
        getattr(calls, callback)(*arguments)
    assert log == [f"a.{callback}"]


def test_a_failing_end_skips_no_other_and_the_first_error_is_raised():
    log = []
    calls = _calls_of(
        _failing("end", "one"),
        RecordingHook("a", log),
        _failing("end", "two"),
        RecordingHook("b", log),
    )
    with pytest.raises(ValueError, match="one") as raised:
        calls.end(None)
    assert log == ["a.end", "b.end"]
    assert str(raised.value.__context__) == "two"


def test_a_failing_close_skips_no_other_and_the_first_error_is_raised():
    log = []
    calls = _calls_of(
        _failing("close", "one"), RecordingHook("a", log), _failing("close")
    )
    calls.begin()
    with pytest.raises(ValueError, match="one"):
        calls.close()
    assert log == ["a.begin", "a.close"]


def test_all_hooks_are_closed_though_one_failed_to_begin():
    log = []
    calls = _calls_of(
        RecordingHook("a", log), _failing("begin"), RecordingHook("b", log)
    )
    with pytest.raises(ValueError, match="boom"):
        calls.begin()
    calls.close()
    assert log == ["a.begin", "a.close", "b.close"]


def test_a_hook_whose_own_begin_failed_is_closed():
    hook = _failing("begin")
    calls = _calls_of(hook)
    with pytest.raises(ValueError, match="boom"):
        calls.begin()
    calls.close()
    assert dict(hook.calls) == {"begin": 1, "close": 1}


def test_a_failing_on_error_is_only_logged():
    class Failing(RecordingHook):
        def on_error(self, session, error):
            raise KeyError("in on_error")

    hook = RecordingHook("a")
    error = ValueError()
    _calls_of(Failing(), hook).error(None, error)
    assert hook.errors == [error]


def test_a_failing_on_recovery_is_raised():
    class Failing(RecordingHook):
        def on_recovery(self, event):
            raise KeyError("in on_recovery")

    hook = RecordingHook("a")
    with pytest.raises(KeyError, match="in on_recovery"):
        _calls_of(Failing(), hook).recovered("event")
    assert hook.events == []


def test_tensorflows_hooks_need_none_of_our_callbacks():
    calls = _calls_of(v1.train.SessionRunHook())
    calls.begin()
    calls.recovered("event")
    calls.error(None, ValueError())
    calls.close()


def test_a_method_of_that_name_with_other_arguments_is_left_alone():
    class Old(v1.train.SessionRunHook):
        def on_error(self, error):
            raise AssertionError

        def on_recovery(self):
            raise AssertionError

        def close(self, path):
            raise AssertionError

    calls = _calls_of(Old())
    calls.begin()
    calls.recovered("event")
    calls.error(None, ValueError())
    calls.close()


def test_an_attribute_of_that_name_that_cannot_be_called_is_left_alone():
    hook = v1.train.SessionRunHook()
    hook.close = "a string"
    calls = _calls_of(hook)
    calls.begin()
    calls.close()


def _ask(graph, *hooks):
    plan = run_plan.RunPlan("mine", None, None, graph)
    hook_calls.before_run(Participants(hooks), _context(), plan)
    return plan


def test_each_hook_is_asked_in_order_for_what_it_wants(graph):
    log = []
    plan = _ask(
        graph,
        RecordingHook("a", log, "x"),
        FaultHook(),
        RecordingHook("b", log, "y"),
    )
    assert plan.requests == {0: "x", 2: "y"}
    assert log == ["a.before_run", "b.before_run"]


def test_a_failing_before_run_skips_the_later_hooks(graph):
    log = []
    with pytest.raises(ValueError, match="boom"):
        _ask(
            graph,
            RecordingHook("a", log),
            _failing("before_run"),
            RecordingHook("b", log),
        )
    assert log == ["a.before_run"]


def test_no_hook_is_asked_after_a_conflict(graph):
    log = []
    fed = v1.placeholder(tf.float32, ())
    hooks = [RecordingHook(name, log, feed_dict={fed: 1}) for name in "abc"]
    with pytest.raises(errors.FeedConflictError):
        _ask(graph, *hooks)
    assert log == ["a.before_run", "b.before_run"]


@pytest.mark.parametrize("answer", [3, "x:0", ["x"], {"fetches": 1}, False])
def test_a_request_that_is_none_names_its_hook(graph, answer):
    class Wrong(RecordingHook):
        def before_run(self, run_context):
            return answer

    with pytest.raises(errors.InvalidRequestError, match="Wrong.*SessionRunA"):
        _ask(graph, Wrong())


def test_each_after_run_gets_its_own_results_options_and_metadata():
    got = []

    class Keeps(RecordingHook):
        def after_run(self, run_context, run_values):
            got.append((run_context, run_values))

    context = _context()
    hooks = Participants((Keeps(), Keeps()))
    hook_calls.after_run(hooks, context, {0: "first"}, "o", "m", None)
    assert got == [(context, ("first", "o", "m")), (context, (None, "o", "m"))]


def _stopped_by(hooks, asked_before=None):
    return hook_calls.after_run(
        Participants(tuple(hooks)), _context(), {}, None, None, asked_before
    )


class _Stops(RecordingHook):
    def after_run(self, run_context, run_values):
        super().after_run(run_context, run_values)
        run_context.request_stop()


def test_the_first_hook_that_asks_for_the_end_is_returned():
    log = []
    hooks = [
        RecordingHook("a", log),
        _Stops("b", log),
        _Stops("c", log),
    ]
    assert _stopped_by(hooks) is hooks[1]
    assert log == ["a.after_run", "b.after_run", "c.after_run"]


def test_a_hook_that_asked_in_before_run_asked_first():
    assert _stopped_by([_Stops("a")], "b") == "b"


def test_nobody_is_returned_where_nobody_asked_for_the_end():
    assert _stopped_by([RecordingHook()]) is None


def test_the_hook_that_asks_for_the_end_in_before_run_is_the_one_named(step):
    class StopsBefore(RecordingHook):
        def before_run(self, run_context):
            run_context.request_stop()

    hooks = [RecordingHook(), StopsBefore()]
    with monitored_tf.MonitoredSession(hooks=hooks) as session:
        session.run(step)
    assert session.stop_reason.hook is hooks[1]


class _Asks(v1.train.SessionRunHook):
    def before_run(self, run_context):
        return Args("asked")


class _Looks(monitored_tf.SessionRunHook):
    def after_run(self, run_context, run_values): ...


class _Inherits(_Asks, _Looks):
    pass


class _Duck:
    def begin(self): ...

    after_create_session = before_run = after_run = end = begin


def _with_own(name):
    hook = monitored_tf.SessionRunHook()
    setattr(hook, name, lambda *args: None)
    return hook


@pytest.mark.parametrize(
    ("make", "before", "after"),
    [
        (v1.train.SessionRunHook, False, False),
        (monitored_tf.SessionRunHook, False, False),
        (_Asks, True, False),
        (_Looks, False, True),
        (_Inherits, True, True),
        (_Duck, True, True),
        (lambda: _with_own("before_run"), True, False),
        (lambda: _with_own("after_run"), False, True),
        (lambda: _with_own("begin"), False, False),
        (lambda: mock.Mock(spec=v1.train.SessionRunHook), True, True),
    ],
)
def test_only_callbacks_that_a_hook_has_of_its_own_take_part(
    make, before, after
):
    hook = make()
    participants = Participants((hook,))
    assert participants.hooks == (hook,)
    assert participants.before == ((0, hook),) * before
    assert participants.after == ((0, hook),) * after
    assert participants.are_silent is not (before or after)


def test_the_hooks_that_take_part_keep_their_positions(graph):
    silent, asks, looks = v1.train.SessionRunHook(), _Asks(), _Looks()
    hooks = (silent, asks, looks, silent, asks)
    participants = Participants(hooks)
    assert participants.before == ((1, asks), (4, asks))
    assert participants.after == ((2, looks),)
    assert not participants.are_silent
    assert _ask(graph, *hooks).requests == {1: "asked", 4: "asked"}


def test_without_hooks_nobody_takes_part():
    participants = Participants(())
    assert participants.before == participants.after == ()
    assert participants.are_silent


def test_all_hooks_of_a_session_take_part_unless_some_are_chosen():
    asks, looks = _Asks(), _Looks()
    calls = _calls_of(looks, asks)
    assert calls.participants.hooks == calls.hooks == (looks, asks)
    assert calls.participants.before == ((1, asks),)
    chosen = calls.chosen(hook for hook in [asks])
    assert chosen.hooks == (asks,)
    assert chosen.before == ((0, asks),)
    assert chosen.after == ()
    assert calls.chosen([]).are_silent


@pytest.mark.parametrize("name", ["before_run", "after_run"])
def test_a_callback_set_on_a_hook_is_called(step, name):
    seen = []
    hook = monitored_tf.SessionRunHook()
    setattr(hook, name, lambda *args: seen.append(len(args)))
    with monitored_tf.MonitoredSession(hooks=[hook]) as session:
        assert [session.run(step) for _ in range(4)] == [1, 2, 3, 4]
    assert seen == [{"before_run": 1, "after_run": 2}[name]] * 4
