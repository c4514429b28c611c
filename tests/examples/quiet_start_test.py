"""TensorFlow's start-up lines are hidden, unless it does not start."""

import subprocess
import sys


def _python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )


def test_loading_prints_nothing():
    done = _python("import monitored_tf.examples")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_was_hidden_is_shown_where_it_does_not_load():
    done = _python(
        "import importlib, os, monitored_tf\n"
        "def broken(name):\n"
        "    os.write(2, b'a hidden line\\n')\n"
        "    raise ImportError('broken')\n"
        "importlib.import_module = broken\n"
        "import monitored_tf.examples"
    )
    assert done.returncode == 1
    assert "a hidden line" in done.stderr
    assert "ImportError: broken" in done.stderr
