"""A small model, and an exporter that writes down what is evaluated."""

import os

import tensorflow as tf

v1 = tf.compat.v1


def model_fn(module):
    """Returns the model function: one weight, and the mean of its guesses."""

    def function(features, labels, mode):
        weight = v1.get_variable("weight", initializer=0.0)
        guess = features * weight
        if mode == "infer":
            return module.EstimatorSpec(mode, {"guess": guess})
        loss = tf.reduce_mean(tf.square(guess - labels))
        train_op = v1.train.GradientDescentOptimizer(0.05).minimize(
            loss, v1.train.get_global_step()
        )
        metrics = {"guess": v1.metrics.mean(guess)}
        return module.EstimatorSpec(
            mode, {"guess": guess}, loss, train_op, metrics
        )

    return function


def estimator_in(module, folder, save_steps=2, kind=None, **config):
    """Returns an Estimator of that model.

    Args:
      module: With `Estimator`, `EstimatorSpec` and `RunConfig`.
      folder: The `model_dir`.
      save_steps: Steps between checkpoints.
      kind: The class, if it is another one.
      **config: Of the `RunConfig`.
    """
    run_config = module.RunConfig(save_checkpoints_steps=save_steps, **config)
    kind = kind or module.Estimator
    return kind(model_fn(module), str(folder), run_config)


def batches(count=None):
    """Returns an input function of so many batches; None without an end."""

    def input_fn():
        x = tf.data.Dataset.from_tensor_slices([1.0, 2.0, 3.0])
        return x.map(lambda x: (x, 3 * x)).batch(2).repeat(count and count // 2)

    return input_fn


def recorder(module, name="recorder", calls=None):
    """Returns an exporter; `calls` has steps, and "final" after the last."""

    class Recorder(module.Exporter):
        def __init__(self):
            self.calls = [] if calls is None else calls
            self.paths = []

        @property
        def name(self):
            return name

        def export(
            self,
            estimator,
            export_path,
            checkpoint_path,
            eval_result,
            is_the_final_export,
        ):
            step = int(eval_result["global_step"])
            self.calls.append((step, "final") if is_the_final_export else step)
            file = os.path.basename(checkpoint_path)
            self.paths.append((os.path.relpath(export_path), file))
            return f"{name} {step}"

    return Recorder()
