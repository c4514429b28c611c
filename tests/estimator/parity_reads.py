"""What is to be seen of an Estimator, as JSON can hold it."""

import glob
import os

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1


def variables(made):
    """Returns the values in the newest checkpoint by name."""
    return {
        name: np.asarray(made.get_variable_value(name)).ravel().tolist()
        for name in sorted(made.get_variable_names())
    }


def plain(metrics):
    """Returns metrics as numbers of Python."""
    return {name: float(value) for name, value in metrics.items()}


def files(folder):
    """Returns the paths of files, without those of exports, and no times."""
    names = (
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "export" not in path.relative_to(folder).parts[0]
    )
    return sorted(
        {
            name.split(".tfevents.")[0] + " of events"
            if "tfevents" in name
            else name
            for name in names
        }
    )


def events(folder):
    """Returns the tags with their steps."""
    tags = {}
    for path in sorted(glob.glob(str(folder / "*tfevents*"))):
        for event in v1.train.summary_iterator(path):
            for value in event.summary.value:
                tags.setdefault(value.tag, []).append(event.step)
    return {tag: sorted(steps) for tag, steps in sorted(tags.items())}


def signatures(exported):
    """Returns what a SavedModel is fed and gives, by signature."""
    with tf.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.load(session, ["serve"], os.fsdecode(exported))
    return {
        key: {
            "method": signature.method_name,
            "inputs": _tensors(signature.inputs),
            "outputs": _tensors(signature.outputs),
        }
        for key, signature in sorted(meta.signature_def.items())
    }


def _tensors(infos):
    return {name: [info.name, info.dtype] for name, info in infos.items()}
