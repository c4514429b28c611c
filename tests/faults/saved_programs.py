"""The programs that faults of checkpoints are planted in."""

from __future__ import annotations

import tensorflow as tf

from tests.faults import hook_programs
from tests.faults.hook_programs import Outcome

v1 = tf.compat.v1
# How many weights there are: 400 B, 1 MB.
SMALL = 100
LARGE = 1 << 18
# The last step before a fault. Each step is saved.
SAVED = 4


def open_session(library, folder, hooks=(), every=1, scaffold=None, **ours):
    """Returns a training session.

    Args:
      library: Whose: "tf" or "monitored_tf".
      folder: For checkpoints; None for none.
      hooks: The user's.
      every: Steps between checkpoints; None for one at the start only.
      scaffold: A `Scaffold`, or None.
      **ours: Arguments that only our session has.
    """
    if library == "tf":
        ours = {}
    return hook_programs.module_of(library).MonitoredTrainingSession(
        checkpoint_dir=folder,
        scaffold=scaffold,
        hooks=hooks,
        save_checkpoint_secs=None if every else 600,
        save_checkpoint_steps=every,
        save_summaries_steps=None,
        save_summaries_secs=None,
        log_step_count_steps=None,
        **{**hook_programs.without_pause(library), **ours},
    )


def model(size=SMALL):
    """Returns the op of a step, and weights, which are 10 times the step."""
    step = v1.train.get_or_create_global_step()
    w = v1.get_variable("w", initializer=tf.zeros([size]), use_resource=True)
    weights = v1.assign_add(w, tf.fill([size], 10.0))
    with tf.control_dependencies([weights]):
        return v1.assign_add(step, 1), weights


def train(
    progress,
    library,
    folder,
    hooks=(),
    last_step=SAVED,
    size=SMALL,
    **ours,
):
    """Trains up to a step, and looks whether the weights are those of it."""
    step, weights = model(size)
    hooks = [v1.train.StopAtStepHook(last_step=last_step), *hooks]
    with open_session(library, folder, hooks, **ours) as session:
        while not session.should_stop():
            at, values = session.run([step, weights])
            progress.steps.append(int(at))
            if (values != 10.0 * at).any():
                raise RuntimeError("Weights of another step.")


def trained(library, folder):
    """Trains up to step SAVED, without a fault.

    Raises:
      RuntimeError: if that fails: nothing can be planted then.
    """
    progress = hook_programs.watched(train, library, folder)
    if progress is None or progress.error is not None:
        raise RuntimeError(f"No training without a fault: {progress}")


def judged(progress, at_least, n_before=0):
    """Returns what became of a program that was to go on from a checkpoint.

    Args:
      progress: Its `Progress`.
      at_least: Step of the newest checkpoint that is whole.
      n_before: How many runs there were before the fault.
    """
    if progress is None:
        return Outcome("hangs", f"> {hook_programs.GIVE_UP_SECS:.0f} s")
    if progress.error is not None:
        return Outcome("dies", type(progress.error).__name__)
    after = progress.steps[n_before:]
    if not after:
        return Outcome("loses", "ends as if the data had ended")
    at = after[0] - 1
    if at < at_least:
        return Outcome("loses", f"goes on from step {at}, not {at_least}")
    is_said = any(f"model.ckpt-{SAVED}" in line for line in progress.warnings)
    if at < SAVED and not is_said:
        return Outcome("loses", f"goes on from step {at}, without a word")
    return Outcome("handled", f"goes on from step {at} of {SAVED}")
