"""Trains, evaluates, exports and serves an Estimator that reads digits."""

from __future__ import annotations

import argparse
import time
from typing import Any

import tensorflow as tf

import monitored_tf
import monitored_tf.estimator as tf_estimator
from monitored_tf.examples import digits_graph

v1 = tf.compat.v1


def model_fn(features: Any, labels: Any, mode: str, params: Any) -> Any:
    """The model, as code for tf.estimator has it."""
    logits = digits_graph.logits_of(features["image"])
    digit = tf.argmax(logits, 1)
    if mode == tf_estimator.ModeKeys.PREDICT:
        return tf_estimator.EstimatorSpec(mode, {"digit": digit})
    loss = v1.losses.sparse_softmax_cross_entropy(labels, logits)
    train_op = v1.train.AdamOptimizer(params["learning_rate"]).minimize(
        loss, v1.train.get_global_step()
    )
    metrics = {"accuracy": v1.metrics.accuracy(labels, digit)}
    return tf_estimator.EstimatorSpec(
        mode, loss=loss, train_op=train_op, eval_metric_ops=metrics
    )


def receiver_fn() -> tf_estimator.export.ServingInputReceiver:
    """What the exported model is fed."""
    image = {"image": v1.placeholder(tf.float32, [None, 8, 8, 1], "image")}
    return tf_estimator.export.ServingInputReceiver(image, image)


def input_fn(digits: digits_graph.Digits, **how: Any) -> Any:
    """Batches of digits."""
    features = {"image": digits.images}
    return tf_estimator.inputs.numpy_input_fn(features, digits.labels, **how)


def run(steps: int, model_dir: str) -> None:
    """Trains for so many steps more, and prints what the model can do."""
    train, held_out = digits_graph.load()
    config = tf_estimator.RunConfig(model_dir, save_checkpoints_steps=500)
    estimator = tf_estimator.Estimator(
        model_fn, config=config, params={"learning_rate": 3e-3}
    )
    print(f"Training {steps} steps in {model_dir}.")
    batches = input_fn(train, batch_size=64, num_epochs=None, shuffle=True)
    estimator.train(batches, [monitored_tf.ProgressHook()], steps)
    metrics = estimator.evaluate(input_fn(held_out, shuffle=False))
    print(f"Steps:      {metrics['global_step']}")
    print(f"Accuracy:   {metrics['accuracy']:.1%} on held-out digits")

    path = estimator.export_saved_model(f"{model_dir}/export", receiver_fn)
    serve = tf.saved_model.load(path.decode()).signatures["serving_default"]
    served = serve(image=tf.constant(held_out.images))["digit"].numpy()
    print(f"Exported:   {path.decode()}")
    print(f"SavedModel: {(served == held_out.labels).mean():.1%}")
    with estimator.predictor(receiver_fn) as predictor:
        predicted = predictor(held_out.images)["digit"]
        started = time.perf_counter()
        predictor(held_out.images[:1])
        secs = time.perf_counter() - started
    print(f"Predictor:  {(predicted == held_out.labels).mean():.1%}")
    print(f"One digit:  {secs:.4f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--model-dir", default="estimator-digits-model")
    args = parser.parse_args()
    tf.get_logger().setLevel("ERROR")
    run(args.steps, args.model_dir)
