"""The benchmark of the Estimator runs, and prints its table."""

import os
import subprocess
import sys

import pytest

from tests.benchmarks import estimator

# Stands for a Python with TensorFlow 2.15: its other side is ours too.
_PYTHON = f"""#!/bin/sh
exec {sys.executable} "$1" "$2" monitored_tf "$4"
"""


@pytest.fixture
def python(tmp_path):
    path = tmp_path / "python"
    path.write_text(_PYTHON)
    path.chmod(0o755)
    return str(path)


def test_one_row_of_the_table(python):
    arguments = ["--real", python, "--rounds", "1", "--only", "predictor"]
    done = subprocess.run(
        [sys.executable, "-m", estimator.__name__, *arguments],
        cwd=estimator._ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=280,
    )
    header, _, row = done.stdout.strip().splitlines()
    assert "tf.estimator 2.15" in header
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "predictor"
    assert len(cells) == len(estimator._HEADER)
    # A loaded predictor against a new graph and session: anywhere faster.
    assert float(cells[3].split()[0].strip("*")) < 1
