"""Input that is to go on where it was, after a recovery and after a restart."""

from __future__ import annotations

import functools
import tempfile

import tensorflow as tf

import monitored_tf
from monitored_tf.testing import Fault, FaultHook
from tests.faults import hook_programs, saved_programs as programs
from tests.faults.hook_programs import Outcome

v1 = tf.compat.v1
Dataset = tf.data.Dataset
# So many elements are read before the fault, and in all.
_BEFORE = 3
_ALL = 8


def _shuffled():
    return (
        Dataset.range(24)
        .shuffle(8, seed=3)
        .map(lambda n: n * 2, num_parallel_calls=2)
        .prefetch(4)
    )


def _interleaved():
    return Dataset.range(6).interleave(
        lambda n: Dataset.range(10 * n, 10 * n + 4), cycle_length=3
    )


def _resumable(library, make):
    """The library's way: ours keeps the position, TensorFlow's begins."""
    if library == "monitored_tf":
        return monitored_tf.resumable_input(make())
    iterator = v1.data.make_initializable_iterator(make())
    v1.add_to_collection(v1.GraphKeys.TABLE_INITIALIZERS, iterator.initializer)
    return iterator.get_next()


def _one_shot(library, make):
    return v1.data.make_one_shot_iterator(make()).get_next()


def _queue(library, make):
    return hook_programs.filled_queue(100)


def _range():
    return Dataset.range(24)


# What makes the element, and of what.
INPUTS = {
    "range": (_resumable, _range),
    "shuffle, map, prefetch": (_resumable, _shuffled),
    "repeat": (_resumable, lambda: Dataset.range(5).repeat()),
    "interleave": (_resumable, _interleaved),
    "one-shot iterator, as it is": (_one_shot, _range),
    "queue runners": (_queue, _range),
}


def position(library, name, events=("recovery", "restart")):
    """The session is lost, or training starts again, after some elements."""
    expected = hook_programs.watched(
        _starts, library, None, name, [_ALL], ()
    ).steps
    found = {}
    for event in events:
        if event == "recovery":
            hook = FaultHook(Fault("before_run", _BEFORE + 1))
            progress = _read_in(library, name, [_ALL], hook)
        else:
            progress = _read_in(library, name, [_BEFORE, _ALL - _BEFORE])
        found[event] = _judged(progress, expected)
    return found


def _read_in(library, name, counts, *hooks):
    """Reads so many elements, in one start of the program after another."""
    with tempfile.TemporaryDirectory() as folder:
        return hook_programs.watched(
            _starts, library, folder, name, counts, hooks
        )


def _starts(progress, library, folder, name, counts, hooks):
    make_element, make_dataset = INPUTS[name]
    for count in counts:
        with tf.Graph().as_default():
            v1.set_random_seed(1)
            element = make_element(library, make_dataset)
            with tf.control_dependencies([element]):
                step = hook_programs.counted_step()
            with programs.open_session(library, folder, hooks) as session:
                for _ in range(count):
                    read, _ = session.run([element, step])
                    progress.steps.append(int(read))


def _judged(progress, expected):
    if progress is None:
        return Outcome("hangs")
    if progress.error is not None:
        return Outcome("dies", type(progress.error).__name__)
    if progress.steps == expected:
        return Outcome("handled", "nothing repeated or lost")
    pairs = enumerate(zip(progress.steps, expected))
    n_right = next(n for n, (read, right) in pairs if read != right)
    text = f"begins at the first element again after {n_right}"
    is_said = any("first element" in line for line in progress.warnings)
    return Outcome("announced" if is_said else "loses", text)


def initialized_by_the_loop(library):
    """An iterator was initialized once, by the user, in a lost session."""
    progress = hook_programs.watched(_initialized, library)
    return {"recovery": _judged(progress, list(range(_ALL)))}


def _initialized(progress, library):
    iterator = v1.data.make_initializable_iterator(_range())
    element = iterator.get_next()
    hook = FaultHook(Fault("before_run", _BEFORE + 2))
    with programs.open_session(library, None, [hook]) as session:
        session.run(iterator.initializer)
        for _ in range(_ALL):
            progress.steps.append(int(session.run(element)))


FAULTS = {
    **{
        f"position of the data: {name}": functools.partial(position, name=name)
        for name in INPUTS
    },
    "iterator initialized by the loop": initialized_by_the_loop,
}
