"""Whether tensorflow-estimator's own can be run beside ours."""

import importlib.util

# It does not import on TensorFlow 2.16 and later, and is not installed there.
IS_THERE = importlib.util.find_spec("tensorflow_estimator") is not None

# For the fixtures of tests that hold for both.
BOTH = ("ours", "tensorflow_estimator") if IS_THERE else ("ours",)
