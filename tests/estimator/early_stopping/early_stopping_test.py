"""The early stopping that users make, ours and tf.estimator's."""

import pytest
import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as ours
from monitored_tf.estimator import experimental
from monitored_tf.estimator.early_stopping import early_stopping

# Global step, loss and accuracy.
EVALUATIONS = (
    (1000, 0.8, 0.5),
    (2000, 0.7, 0.6),
    (3000, 0.4, 0.7),
    (3500, 0.41, 0.68),
)
_EVALS = {"max_evals_without_decrease": 2}


def _model_fn(features):
    del features


@pytest.fixture
def stopping(estimator):
    """The module under test."""
    return getattr(estimator, "experimental", early_stopping)


@pytest.fixture
def trained(estimator, tmp_path):
    """An Estimator with these evaluations."""
    return _with_evaluations(estimator.Estimator(_model_fn, str(tmp_path)))


def _with_evaluations(estimator, folder=None, evaluations=EVALUATIONS):
    folder = folder or f"{estimator.model_dir}/eval"
    with tf.Graph().as_default() as graph:
        writer = tf.compat.v1.summary.FileWriter(str(folder), graph)
    for step, loss, accuracy in evaluations:
        summary = tf.compat.v1.Summary()
        summary.value.add(tag="loss", simple_value=loss)
        summary.value.add(tag="accuracy", simple_value=accuracy)
        writer.add_summary(summary, step)
    writer.close()
    return estimator


def _stops(*hooks, steps=1):
    """Returns the step after which hooks stop; None if they go on."""
    with tf.Graph().as_default():
        step = tf.compat.v1.train.create_global_step()
        count_up = tf.compat.v1.assign_add(step, 1)
        nothing = tf.no_op()
        with monitored_tf.MonitoredSession(hooks=hooks) as session:
            for count in range(1, steps + 1):
                # In one run with the step, a hook may see it before or after.
                session.raw_session().run(count_up)
                session.run(nothing)
                if session.should_stop():
                    return count
    return None


@pytest.mark.parametrize(
    ("name", "metric", "limit", "min_steps", "stops"),
    [
        ("higher", "accuracy", 0.8, 0, False),
        ("higher", "accuracy", 0.6, 4000, False),
        ("higher", "accuracy", 0.6, 0, True),
        ("higher", "accuracy", 0.69, 3500, False),
        ("lower", "loss", 0.3, 0, False),
        ("lower", "loss", 0.5, 4000, False),
        ("lower", "loss", 0.5, 0, True),
        ("no_increase", "accuracy", 500, 0, True),
        ("no_increase", "accuracy", 501, 0, False),
        ("no_increase", "accuracy", 500, 3500, False),
        ("no_decrease", "loss", 500, 0, True),
        ("no_decrease", "loss", 501, 0, False),
        ("no_decrease", "loss", 500, 3500, False),
        ("no_decrease", "accuracy", 2500, 0, True),
    ],
)
def test_rules_read_the_evaluations(
    stopping, trained, name, metric, limit, min_steps, stops
):
    make = getattr(stopping, f"stop_if_{name}_hook")
    hook = make(trained, metric, limit, min_steps=min_steps)
    assert _stops(hook) == (1 if stops else None)


def test_a_metric_that_is_not_evaluated_is_an_error(stopping, trained):
    hook = stopping.stop_if_higher_hook(trained, "auc", 0.5)
    with pytest.raises(KeyError, match="auc"):
        _stops(hook)


def test_another_folder(stopping, trained, tmp_path):
    folder = str(tmp_path / "other")
    hook = stopping.stop_if_lower_hook(trained, "loss", 0.5, eval_dir=folder)
    assert _stops(hook) is None
    _with_evaluations(trained, folder, [(10, 0.1, 0.1)])
    hook = stopping.stop_if_lower_hook(trained, "loss", 0.5, folder)
    assert _stops(hook) == 1


def test_one_of_several_hooks_is_enough(stopping, trained):
    on = stopping.stop_if_higher_hook(trained, "accuracy", 0.9)
    off = stopping.stop_if_lower_hook(trained, "loss", 0.5)
    assert _stops(on, off) == 1


def test_evaluations_are_counted(trained, estimator):
    if estimator is not ours:
        pytest.skip("an extension")
    for name in ("increase", "decrease"):
        make = getattr(early_stopping, f"stop_if_no_{name}_hook")
        metric = "accuracy" if name == "increase" else "loss"
        for limit, stops in ((1, 1), (2, None)):
            hook = make(trained, metric, **{f"max_evals_without_{name}": limit})
            assert _stops(hook) == stops
        both = make(trained, metric, 501, **{f"max_evals_without_{name}": 1})
        assert _stops(both) == 1
        with pytest.raises(ValueError, match=f"max_evals_without_{name} must"):
            make(trained, metric, **{f"max_evals_without_{name}": 0})
        with pytest.raises(ValueError, match=f"max_steps_without_{name} or"):
            make(trained, metric)


def test_the_function_is_called_every_n_steps(stopping, trained):
    answers = iter([False, False, True])
    hook = stopping.make_early_stopping_hook(
        trained,
        lambda: next(answers),
        run_every_secs=None,
        run_every_steps=3,
    )
    assert _stops(hook, steps=10) == 7
    assert next(answers, None) is None


def test_the_function_is_called_at_the_first_step_and_after_the_seconds(
    stopping, trained
):
    calls = []
    hook = stopping.make_early_stopping_hook(trained, lambda: calls.append(1))
    assert _stops(hook, steps=3) is None
    assert len(calls) == 1
    always = stopping.make_early_stopping_hook(
        trained, lambda: len(calls) == 3 or calls.append(1), run_every_secs=0
    )
    assert _stops(always, steps=10) == 3


def test_what_cannot_work_is_refused(stopping, trained):
    make = stopping.make_early_stopping_hook
    with pytest.raises(ValueError, match="Only one of `run_every_secs` and"):
        make(trained, bool, run_every_steps=10)
    with pytest.raises(ValueError, match="every_secs or every_steps"):
        make(trained, bool, run_every_secs=None)
    text = "`estimator` must have type `tf.estimator.Estimator`"
    with pytest.raises(TypeError, match=text):
        make(object(), bool)
    with pytest.raises(TypeError, match="`should_stop_fn` must be callable"):
        make(trained, should_stop_fn=True)


@pytest.mark.parametrize(
    ("limits", "last"),
    [({"max_steps_without_decrease": 3}, 3), (_EVALS, 2)],
)
def test_training_ends_where_its_evaluations_say_so(
    estimator, stopping, tmp_path, limits, last
):
    if limits is _EVALS and estimator is not ours:
        pytest.skip("an extension")

    def model_fn(features, mode):
        step = tf.compat.v1.train.get_global_step()
        return estimator.EstimatorSpec(
            mode,
            loss=tf.reduce_mean(features),
            train_op=tf.compat.v1.assign_add(step, 1),
        )

    def input_fn():
        return tf.data.Dataset.from_tensors([1.0]).repeat(20)

    trained = estimator.Estimator(model_fn, str(tmp_path))
    module = getattr(estimator, "experimental", experimental)
    evaluator = module.InMemoryEvaluatorHook(trained, input_fn, every_n_iter=1)
    stop = stopping.stop_if_no_decrease_hook(
        trained, "loss", run_every_secs=None, run_every_steps=1, **limits
    )
    trained.train(input_fn, hooks=[evaluator, stop])
    # One more where the hook saw the step before it was made.
    assert trained.get_variable_value("global_step") in (last, last + 1)
