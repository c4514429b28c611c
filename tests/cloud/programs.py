"""What the child processes of the tests do with gs://.

Each is a program for `scenario.run`, over TensorFlow's client alone.
"""

from __future__ import annotations

import time

import numpy as np
import tensorflow as tf


def use_files(folder: str) -> dict[str, object]:
    """Writes, reads, lists, renames and deletes files below a folder."""
    gfile = tf.io.gfile
    with gfile.GFile(f"{folder}/a/one.txt", "w") as file:
        file.write("one and more")
    with gfile.GFile(f"{folder}/a/one.txt", "r") as file:
        content = file.read()
        file.seek(4)
        tail = file.read(3)
    with gfile.GFile(f"{folder}/a/empty", "wb") as file:
        file.write(b"")
    listed = gfile.listdir(f"{folder}/a")
    gfile.rename(f"{folder}/a/one.txt", f"{folder}/b/two.txt")
    found = [gfile.exists(f"{folder}/{n}") for n in ("a/one.txt", "b/two.txt")]
    gfile.remove(f"{folder}/b/two.txt")
    return {
        "content": content,
        "tail": tail,
        "size": gfile.stat(f"{folder}/a/empty").length,
        "listed": sorted(listed),
        "renamed": found,
        "left": sorted(gfile.glob(f"{folder}/*/*")),
    }


def save_and_restore(folder: str) -> dict[str, object]:
    """Saves a checkpoint, restores it into another graph."""
    tf1 = tf.compat.v1
    values = np.arange(100_000, dtype=np.float32)
    with tf.Graph().as_default(), tf1.Session() as session:
        tf1.get_variable("v", initializer=values)
        session.run(tf1.global_variables_initializer())
        path = tf1.train.Saver().save(session, f"{folder}/model.ckpt", 7)
    with tf.Graph().as_default(), tf1.Session() as session:
        variable = tf1.get_variable("v", initializer=np.zeros_like(values))
        latest = tf.train.latest_checkpoint(folder)
        tf1.train.Saver().restore(session, latest)
        equal = bool(np.array_equal(session.run(variable), values))
    return {"path": path, "latest": latest, "equal": equal}


def read(path: str) -> dict[str, object]:
    """Reads a file; an error is part of the result, and how long it took."""
    begin = time.monotonic()
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            found = {"content": file.read().decode()}
    except tf.errors.OpError as error:
        found = {"error": type(error).__name__, "message": error.message}
    return {**found, "secs": time.monotonic() - begin}


def glob(pattern: str) -> list[str]:
    """Lists the files that match."""
    return sorted(tf.io.gfile.glob(pattern))
