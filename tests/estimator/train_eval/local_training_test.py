"""Training and evaluating in turns, in one process."""

import os

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.estimator.evaluate.warm_evaluation import WarmEvaluation
from monitored_tf.session_run_hook import SessionRunHook
from monitored_tf.testing import FakeClock, Fault, FaultHook, RecordingHook
from tests.estimator.evaluated import batches, estimator_in, recorder

v1 = tf.compat.v1


class _Sleeper(SessionRunHook):
    """Lets some time go by in each step."""

    def __init__(self, clock, secs):
        self._clock = clock
        self._secs = secs

    def after_run(self, run_context, run_values):
        self._clock.advance(self._secs)


class _Listener(v1.train.CheckpointSaverListener):
    def __init__(self, calls, stops_at=None):
        self.calls = calls
        self._stops_at = stops_at

    def after_save(self, session, global_step_value):
        self.calls.append(f"saved {global_step_value}")
        return global_step_value == self._stops_at


@pytest.fixture
def run(estimator, tmp_path):
    """Trains and evaluates; returns the evaluations and what is returned."""

    def run(
        save_steps=2, max_steps=5, count=None, hooks=(), listeners=(), **spec
    ):
        exporter = recorder(estimator)
        returned = estimator.train_and_evaluate(
            estimator_in(estimator, tmp_path, save_steps),
            estimator.TrainSpec(batches(count), max_steps, hooks, listeners),
            estimator.EvalSpec(batches(2), exporters=exporter, **spec),
        )
        return exporter, returned

    return run


def _checkpoints(folder):
    names = (path.name for path in folder.glob("model.ckpt-*.index"))
    return sorted(int(name.split("-")[1].split(".")[0]) for name in names)


@pytest.mark.parametrize(
    ("save_steps", "max_steps", "throttle_secs", "evaluated"),
    [
        (2, 5, 0, [2, 4, (5, "final")]),
        (2, 5, 600, [2, (5, "final")]),
        (2, 4, 0, [2, (4, "final")]),
        (10, 5, 0, [(5, "final")]),
    ],
)
def test_what_is_saved_is_evaluated(
    save_steps, max_steps, throttle_secs, evaluated, run
):
    exporter, _ = run(save_steps, max_steps, throttle_secs=throttle_secs)
    assert exporter.calls == evaluated


def test_the_throttle_is_of_time(run):
    # Saved at 2, 4, 6 s and so on; evaluated at the first one after 5 s.
    with FakeClock() as clock:
        sleeper = _Sleeper(clock, 1.0)
        exporter, _ = run(2, 15, hooks=[sleeper], throttle_secs=5)
        assert clock.sleeps == []  # Nor is there a start_delay_secs.
    assert exporter.calls == [2, 8, 14, (15, "final")]


def test_the_last_evaluation_is_returned(run):
    exporter, (metrics, exports) = run(throttle_secs=0)
    assert metrics["global_step"] == 5
    assert sorted(metrics) == ["global_step", "guess", "loss"]
    assert exports == ["recorder 5"]
    assert len(exporter.paths) == 3


def test_exporters_are_told_where_to_export(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exporter, _ = run(throttle_secs=600)
    folder = os.path.join("export", "recorder")
    assert exporter.paths == [
        (folder, "model.ckpt-2"),
        (folder, "model.ckpt-5"),
    ]


def test_the_path_of_an_export_is_returned(estimator, tmp_path):
    def receiver_fn():
        x = v1.placeholder(tf.float32, [None], "x")
        return estimator.export.TensorServingInputReceiver(x, {"x": x})

    exporter = estimator.FinalExporter("last", receiver_fn)
    _, (path,) = estimator.train_and_evaluate(
        estimator_in(estimator, tmp_path),
        estimator.TrainSpec(batches(), 3),
        estimator.EvalSpec(batches(2), exporters=exporter),
    )
    (exported,) = (tmp_path / "export" / "last").iterdir()
    assert path == os.fsencode(exported)


def test_without_max_steps_no_export_is_final(run):
    exporter, (metrics, _) = run(max_steps=None, count=6, throttle_secs=0)
    assert exporter.calls == [2, 4, 6]
    assert metrics["global_step"] == 6


def test_nothing_is_done_where_max_steps_are_reached(run):
    run()
    exporter, returned = run()
    assert returned == (None, None)
    assert exporter.calls == []


def test_a_training_that_goes_on_does_not_evaluate_what_it_begins_with(run):
    run(max_steps=4)
    exporter, _ = run(max_steps=8, throttle_secs=0)
    assert exporter.calls == [6, (8, "final")]


def test_a_training_without_a_step_is_evaluated_at_its_end(run):
    exporter, (metrics, _) = run(count=0)
    assert exporter.calls == [0]
    assert metrics["global_step"] == 0


def test_it_needs_checkpoints(run):
    with pytest.raises(ValueError, match="CheckpointSaverHook"):
        run(save_steps=None)


def test_listeners_of_the_user_come_first(estimator, tmp_path):
    calls = []
    estimator.train_and_evaluate(
        estimator_in(estimator, tmp_path),
        estimator.TrainSpec(batches(), 3, saving_listeners=[_Listener(calls)]),
        estimator.EvalSpec(
            batches(2), exporters=recorder(estimator, calls=calls)
        ),
    )
    assert calls == ["saved 0", "saved 2", 2, "saved 3", (3, "final")]


def test_a_listener_of_the_user_may_stop_it(run):
    listener = _Listener([], stops_at=4)
    exporter, _ = run(max_steps=9, listeners=[listener], throttle_secs=0)
    assert exporter.calls == [2, 4]


def test_an_evaluation_has_the_name_of_its_spec(run, tmp_path):
    run(name="few")
    assert [*tmp_path.glob("eval_few/events.*")]


def test_hooks_of_the_spec_see_each_evaluation(estimator, tmp_path):
    hook = RecordingHook()
    estimator.train_and_evaluate(
        estimator_in(estimator, tmp_path),
        estimator.TrainSpec(batches(), 5),
        estimator.EvalSpec(batches(8), steps=3, hooks=[hook]),
    )
    assert hook.calls.count("hook.begin") == 2
    assert hook.calls.count("hook.after_run") == 2 * 3


def test_a_checkpoint_that_is_not_there_is_an_error(estimator, tmp_path):
    class Blind(estimator.Estimator):
        def latest_checkpoint(self):
            return None

    with pytest.raises(RuntimeError, match="There was no new checkpoint after"):
        estimator.train_and_evaluate(
            estimator_in(estimator, tmp_path, kind=Blind),
            estimator.TrainSpec(batches(), 5),
            estimator.EvalSpec(batches(2)),
        )


# What tf.estimator does not have.


def _train_and_evaluate(
    folder, *eval_specs, save_steps=2, max_steps=5, hooks=()
):
    return ours.train_and_evaluate(
        estimator_in(ours, folder, save_steps),
        ours.TrainSpec(batches(), max_steps, hooks),
        [*eval_specs],
    )


@pytest.mark.parametrize(
    ("every_n_steps", "save_steps", "evaluated", "saved"),
    [
        (2, 100, [2, 4, (5, "final")], [0, 2, 4, 5]),
        (2, 2, [2, 4, (5, "final")], [0, 2, 4, 5]),
        (2, 3, [2, 4, (5, "final")], [0, 2, 4, 5]),
        (5, 3, [(5, "final")], [0, 3, 5]),
        (9, 2, [(5, "final")], [0, 2, 4, 5]),
    ],
)
def test_evaluates_every_n_steps(
    every_n_steps, save_steps, evaluated, saved, tmp_path
):
    exporter = recorder(ours)
    spec = ours.EvalSpec(
        batches(2), exporters=exporter, every_n_steps=every_n_steps
    )
    _train_and_evaluate(tmp_path, spec, save_steps=save_steps)
    assert exporter.calls == evaluated
    assert _checkpoints(tmp_path) == saved


def test_a_lost_session_takes_no_evaluation_along(tmp_path):
    exporter = recorder(ours)
    lost = Fault(
        "after_run", call=5, error=tf.errors.AbortedError(None, None, "")
    )
    _train_and_evaluate(
        tmp_path,
        ours.EvalSpec(batches(2), exporters=exporter, every_n_steps=2),
        save_steps=3,
        max_steps=7,
        hooks=[FaultHook(lost)],
    )
    # Step 5 was lost, that of the checkpoint is 4.
    assert exporter.calls == [2, 4, 6, (7, "final")]


def test_evaluates_every_n_steps_from_where_training_goes_on(tmp_path):
    _train_and_evaluate(tmp_path, ours.EvalSpec(batches(2)), max_steps=3)
    exporter = recorder(ours)
    spec = ours.EvalSpec(batches(2), exporters=exporter, every_n_steps=3)
    _train_and_evaluate(tmp_path, spec, save_steps=100, max_steps=10)
    assert exporter.calls == [6, 9, (10, "final")]


def test_a_listener_stops_at_a_checkpoint_for_an_evaluation(tmp_path):
    exporter = recorder(ours)
    ours.train_and_evaluate(
        estimator_in(ours, tmp_path, save_steps=100),
        ours.TrainSpec(
            batches(), 9, saving_listeners=[_Listener([], stops_at=4)]
        ),
        ours.EvalSpec(batches(2), exporters=exporter, every_n_steps=2),
    )
    assert exporter.calls == [2, 4]


def test_evaluates_with_several_specs(tmp_path):
    seldom, often = recorder(ours, "seldom"), recorder(ours, "often")
    results = _train_and_evaluate(
        tmp_path,
        ours.EvalSpec(batches(2), exporters=seldom),
        ours.EvalSpec(
            batches(4), name="often", exporters=often, every_n_steps=1
        ),
    )
    # What is saved for the other one is a checkpoint too.
    assert seldom.calls == [1, (5, "final")]
    assert often.calls == [1, 2, 3, 4, (5, "final")]
    assert [exports for _, exports in results] == [["seldom 5"], ["often 5"]]
    assert [metrics["global_step"] for metrics, _ in results] == [5, 5]
    assert [*tmp_path.glob("eval/events.*")]
    assert [*tmp_path.glob("eval_often/events.*")]


def test_evaluations_leave_the_training_alone(tmp_path):
    estimator = estimator_in(ours, tmp_path / "alone", save_steps=100)
    estimator.train(batches(), max_steps=4)
    specs = [
        ours.EvalSpec(batches(2), every_n_steps=1),
        ours.EvalSpec(batches(4), name="b", every_n_steps=3, keep_warm=True),
    ]
    _train_and_evaluate(tmp_path / "both", *specs, max_steps=4)
    weights = [
        tf.train.load_variable(str(tmp_path / folder), "weight")
        for folder in ("alone", "both")
    ]
    assert weights[0] == weights[1] != 0


def test_what_is_kept_warm_gives_the_same(tmp_path):
    def metrics_of(keep_warm):
        calls, seen = [], []

        def input_fn():
            calls.append("input")
            return batches(4)()

        class Exporter(ours.Exporter):
            name = "exporter"

            def export(self, eval_result, **_):
                seen.append(eval_result)

        spec = ours.EvalSpec(
            input_fn,
            exporters=Exporter(),
            every_n_steps=1,
            keep_warm=keep_warm,
        )
        _train_and_evaluate(tmp_path / f"warm {keep_warm}", spec)
        return calls, seen

    calls, warm = metrics_of(True)
    assert calls == ["input"]
    calls, cold = metrics_of(False)
    assert calls == ["input"] * 5
    assert len(warm) == len(cold) == 5
    for one, other in zip(warm, cold):
        assert one == other


def test_what_is_kept_warm_is_closed(tmp_path, monkeypatch):
    closed = []
    close = WarmEvaluation.close
    monkeypatch.setattr(
        WarmEvaluation, "close", lambda warm: (closed.append(warm), close(warm))
    )
    _train_and_evaluate(tmp_path, ours.EvalSpec(batches(2), keep_warm=True))
    assert len(closed) == 1
