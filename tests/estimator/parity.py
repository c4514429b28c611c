"""A program of Estimators, and a record of all that can be seen of it.

    python -m tests.estimator.parity

writes the record of the real Estimator, of TensorFlow 2.15, which
`parity_test` compares with ours on every TensorFlow.
"""

import functools
import json
import os
import pathlib
import tempfile

import tensorflow as tf

from tests.estimator import parity_model, parity_reads
from tests.estimator.parity_model import Listener, Steps, input_fn

v1 = tf.compat.v1
RECORD = pathlib.Path(__file__).with_name("parity.json")


def observed(estimators, folder):
    """Plays the program; returns what was seen, as JSON can hold it."""
    folder = pathlib.Path(folder)
    made = _made(estimators, folder)
    seen = {}
    for play in (
        _trained,
        _evaluated,
        _predicted_and_exported,
        _trained_and_evaluated,
        _files_and_events,
        _warm_started,
        _stopped_early,
        _of_arrays,
    ):
        seen.update(play(estimators, made, folder))
    return seen


def _made(estimators, folder, **more):
    config = estimators.RunConfig(
        str(folder),
        tf_random_seed=11,
        save_checkpoints_steps=10,
        save_summary_steps=5,
        log_step_count_steps=10,
        keep_checkpoint_max=2,
    )
    return estimators.Estimator(
        functools.partial(parity_model.model_fn, estimators),
        config=config,
        params={"units": 4, "rate": 0.05, "seed": 5},
        **more,
    )


def _receiver_fn(estimators):
    return functools.partial(parity_model.receiver_fn, estimators)


def _trained(estimators, made, folder):
    steps, listener = Steps(), Listener()
    made.train(input_fn, [steps], steps=25, saving_listeners=[listener])
    files = parity_reads.files(folder)
    made.train(input_fn, [steps], max_steps=32)
    made.train(input_fn, [steps], max_steps=32)
    return {
        "files": files,
        "losses": steps.losses,
        "calls": steps.calls,
        "listener": listener.calls,
        "nodes": sorted(steps.nodes),
    }


def _evaluated(estimators, made, folder):
    extended = estimators.add_metrics(made, parity_model.more_metrics)
    return {
        "metrics": parity_reads.plain(made.evaluate(input_fn, name="test")),
        "partial": parity_reads.plain(made.evaluate(input_fn, steps=2)),
        "more metrics": parity_reads.plain(
            extended.evaluate(input_fn, name="more")
        ),
    }


def _predicted_and_exported(estimators, made, folder):
    predictions = made.predict(input_fn, predict_keys=["score"])
    scores = [float(one["score"][0]) for one in predictions]
    path = made.export_saved_model(
        str(folder / "exported"), _receiver_fn(estimators)
    )
    return {
        "scores": scores,
        "variables": parity_reads.variables(made),
        "signatures": parity_reads.signatures(path),
    }


def _trained_and_evaluated(estimators, made, folder):
    receiver_fn = _receiver_fn(estimators)
    exporters = [
        estimators.FinalExporter("final", receiver_fn),
        estimators.LatestExporter("latest", receiver_fn, exports_to_keep=1),
        estimators.BestExporter("best", receiver_fn, exports_to_keep=2),
        estimators.BestExporter(
            "worst",
            receiver_fn,
            compare_fn=lambda best_eval_result, current_eval_result: (
                best_eval_result["loss"] < current_eval_result["loss"]
            ),
        ),
    ]
    metrics, exports = estimators.train_and_evaluate(
        made,
        estimators.TrainSpec(input_fn, max_steps=50),
        estimators.EvalSpec(input_fn, throttle_secs=0, exporters=exporters),
    )
    folders = sorted((folder / "export").iterdir())
    return {
        "train_and_evaluate": parity_reads.plain(metrics),
        "last exports": [
            path and os.path.basename(os.path.dirname(os.fsdecode(path)))
            for path in exports
        ],
        "exports": {path.name: len([*path.iterdir()]) for path in folders},
    }


def _files_and_events(estimators, made, folder):
    v1.summary.FileWriterCache.clear()
    seen = {"all files": parity_reads.files(folder)}
    # Which step a summary of training has is a race of its read with the step.
    seen["events"] = sorted(parity_reads.events(folder))
    for name in ("eval", "eval_test", "eval_more"):
        seen[f"events {name}"] = parity_reads.events(folder / name)
    return seen


def _warm_started(estimators, made, folder):
    """A new model that begins with the hidden layer of the trained one."""
    settings = estimators.WarmStartSettings(
        str(folder),
        "net/.*",
        var_name_to_prev_var_name={"net/output": "net/output/Adam"},
    )
    other = _made(estimators, folder / "warm", warm_start_from=settings)
    steps = Steps()
    metrics = other.evaluate(input_fn)
    other.train(input_fn, [steps], steps=3)
    return {
        "warm metrics": parity_reads.plain(metrics),
        "warm losses": steps.losses,
        "warm variables": parity_reads.variables(other),
    }


def _stopped_early(estimators, made, folder):
    """A model that is good enough, as soon as it was evaluated."""
    other = _made(estimators, folder / "early")
    hook = estimators.experimental.stop_if_lower_hook(
        other,
        "loss",
        100.0,
        min_steps=2,
        run_every_secs=None,
        run_every_steps=3,
    )
    steps = Steps()
    for count in (2, 30):
        other.train(input_fn, [steps, hook], steps=count)
        other.evaluate(input_fn, steps=1)
    return {
        "early steps": len(steps.losses),
        "early names": [*parity_reads.variables(other)],
    }


def _of_arrays(estimators, made, folder):
    """Trains on arrays, with batches across the end of an epoch."""
    x, y = parity_model.arrays()
    # In TensorFlow, inputs of arrays are in the namespace of version 1 only.
    is_ours = hasattr(estimators, "inputs")
    inputs = (estimators if is_ours else v1.estimator).inputs
    give = functools.partial(inputs.numpy_input_fn, x, y, 16)
    other, steps = _made(estimators, folder / "arrays"), Steps()
    other.train(give(num_epochs=2, shuffle=False), [steps])
    metrics = other.evaluate(give(shuffle=False))
    return {
        "losses of arrays": steps.losses,
        "metrics of arrays": parity_reads.plain(metrics),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made_folder:
        RECORD.write_text(
            json.dumps(observed(tf.estimator, made_folder), indent=1) + "\n"
        )
