"""What an evaluator does while others train."""

import json

import pytest
import tensorflow as tf

import monitored_tf.estimator as ours
from monitored_tf.testing import FakeClock
from tests.estimator.evaluated import batches, estimator_in, recorder

TF_CONFIG = {
    "cluster": {"chief": ["h:1"], "ps": ["h:2"]},
    "task": {"type": "evaluator", "index": 0},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a model that was trained, with checkpoints of step 0 to 6."""
    folder = tmp_path_factory.mktemp("model")
    estimator = estimator_in(ours, folder, 1, keep_checkpoint_max=None)
    estimator.train(batches(), max_steps=6)
    return folder


@pytest.fixture
def clock(monkeypatch):
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def evaluate(folder, clock, monkeypatch):
    """Runs an evaluator that finds these checkpoints, one at each look."""

    def evaluate(module, found, *specs, max_steps=6):
        monkeypatch.setenv("TF_CONFIG", json.dumps(TF_CONFIG))
        steps = iter(found)

        class Training(module.Estimator):
            def latest_checkpoint(self):
                step = next(steps)
                return None if step is None else f"{folder}/model.ckpt-{step}"

        returned = module.train_and_evaluate(
            estimator_in(module, folder, kind=Training),
            module.TrainSpec(batches(), max_steps),
            specs[0] if len(specs) == 1 else [*specs],
        )
        assert returned is None
        assert next(steps, "none left") == "none left"

    return evaluate


def _spec(module, exporter=None, **arguments):
    return module.EvalSpec(batches(2), exporters=exporter, **arguments)


def test_each_new_checkpoint_is_evaluated(estimator, evaluate):
    exporter = recorder(estimator)
    found = [None, 1, 1, 3, 3, 3, 6]
    evaluate(estimator, found, _spec(estimator, exporter, throttle_secs=10))
    assert exporter.calls == [1, 3, (6, "final")]


def test_it_waits_from_look_to_look(estimator, evaluate, clock):
    began = clock.now
    evaluate(estimator, [None, 1, 1, 6], _spec(estimator, throttle_secs=10))
    # tf.estimator waits once more, after the end.
    assert [round(secs) for secs in clock.sleeps[:4]] == [120, 10, 10, 10]
    assert len(clock.sleeps) == (4 if estimator is ours else 5)
    assert clock.now > began


def test_an_evaluation_is_part_of_the_wait(estimator, evaluate, clock):
    class Slow(tf.compat.v1.train.SessionRunHook):
        def begin(self):
            clock.advance(7)

    spec = _spec(estimator, hooks=[Slow()], throttle_secs=10)
    evaluate(estimator, [1, 6], spec)
    assert [round(secs) for secs in clock.sleeps[:2]] == [120, 3]


def test_a_final_checkpoint_ends_it_at_once(estimator, evaluate):
    exporter = recorder(estimator)
    evaluate(estimator, [6], _spec(estimator, exporter), max_steps=5)
    assert exporter.calls == [(6, "final")]


def test_without_max_steps_it_never_ends(estimator, evaluate):
    exporter = recorder(estimator)
    with pytest.raises(StopIteration):  # By the third look.
        evaluate(estimator, [1, 6], _spec(estimator, exporter), max_steps=None)
    assert exporter.calls == [1, 6]


def test_an_error_of_an_evaluation_ends_it(estimator, evaluate):
    def fails():
        raise KeyError("no data")

    with pytest.raises(KeyError, match="no data"):
        evaluate(estimator, [1], estimator.EvalSpec(fails))


# What tf.estimator does not have.


def test_it_says_what_it_waits_for(evaluate, folder, caplog):
    found = [None, None, 1, 1, 6]
    evaluate(ours, found, _spec(ours, throttle_secs=10))
    awaited = [text for text in caplog.messages if "evaluator waits" in text]
    assert len(awaited) == 2
    assert f"none in {folder} yet. The chief writes it" in awaited[0]
    assert "newer checkpoint than" in awaited[1]
    assert "model.ckpt-1: it ends with that of step 6" in awaited[1]


def test_it_says_it_again_after_a_time(evaluate, caplog):
    found = [None, None, None, 6]
    evaluate(ours, found, _spec(ours, throttle_secs=300))
    assert sum("evaluator waits" in text for text in caplog.messages) == 2


def test_without_a_throttle_it_looks_each_second(evaluate, clock, caplog):
    spec = _spec(ours, throttle_secs=0, start_delay_secs=0)
    evaluate(ours, [None, None, 1, 2, 6], spec)
    assert clock.sleeps == [1, 1]
    (awaited,) = (text for text in caplog.messages if "evaluator waits" in text)
    assert "throttle_secs is set as 0" in awaited
    assert "Please consider to increase it" in awaited


def test_it_evaluates_every_n_steps(evaluate):
    exporter = recorder(ours)
    evaluate(
        ours,
        [1, 2, 3, 4, 5, 6],
        _spec(ours, exporter, every_n_steps=3, throttle_secs=1),
    )
    assert exporter.calls == [1, 4, (6, "final")]


def test_each_of_several_specs_has_its_own_times(evaluate, clock):
    calls = []
    one, two = (recorder(ours, name, calls) for name in ("one", "two"))
    began = clock.now
    evaluate(
        ours,
        # At 5, 10, 15, 25, 35, 45 s, and so on.
        [1, 2, 3, 4, 6, 6],
        _spec(ours, one, name="one", start_delay_secs=5, throttle_secs=10),
        _spec(ours, two, name="two", start_delay_secs=10, throttle_secs=100),
    )
    assert calls == [1, 2, 3, 4, (6, "final"), (6, "final")]
    assert len(one.paths) == 4
    assert clock.now - began == pytest.approx(110)
