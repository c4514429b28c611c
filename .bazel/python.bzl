"""Finds the Python that has TensorFlow, and where this Bazel keeps its Python rules."""

_BUILD = """
load("{toolchains}", "py_runtime_pair")
load(":rules.bzl", "py_runtime")

exports_files(["packages.txt"])

py_runtime(
    name = "runtime",
    interpreter_path = "{python}",
    python_version = "PY3",{shebang}
)

py_runtime_pair(
    name = "runtimes",
    py3_runtime = ":runtime",
)

toolchain(
    name = "toolchain",
    toolchain = ":runtimes",
    toolchain_type = "@bazel_tools//tools/python:toolchain_type",
)
"""

_NATIVE_RULES = """
py_library = native.py_library
py_runtime = native.py_runtime
py_test = native.py_test
"""

# From Bazel 8 on they come from a repository; until then they are built in.
_LOADED_RULES = """
load("@rules_python//python:defs.bzl", _library = "py_library", _runtime = "py_runtime", _test = "py_test")
py_library = _library
py_runtime = _runtime
py_test = _test
"""

# Asks without importing TensorFlow, which takes seconds.
_PROBE = """
import importlib.metadata, importlib.util, sys
assert importlib.util.find_spec("tensorflow")
print(sys.executable)
print(*sorted({d.name + " " + d.version for d in importlib.metadata.distributions()}), sep="\\n")
"""

def _python_impl(ctx):
    env = ctx.os.environ
    if env.get("PYTHON_BIN_PATH"):
        python = env["PYTHON_BIN_PATH"]
    elif env.get("VIRTUAL_ENV"):
        python = env["VIRTUAL_ENV"] + "/bin/python"
    else:
        python = str(ctx.which("python3") or "python3")

    found = ctx.execute([python, "-c", _PROBE])
    if found.return_code:
        fail("no TensorFlow found in {}; set PYTHON_BIN_PATH to a Python that has it".format(python))

    # The path it answers, not the one asked: `python3` may be a script that picks one of several.
    path, _, packages = found.stdout.partition("\n")

    # A file that tests depend on, or their cached results would outlive the packages they ran with.
    ctx.file("packages.txt", packages)

    major = native.bazel_version.partition(".")[0]  # empty in Debian's build of Bazel 4
    loaded = major not in ["", "2", "3", "4", "5", "6", "7"]
    ctx.file("rules.bzl", _LOADED_RULES if loaded else _NATIVE_RULES)
    ctx.file("BUILD", _BUILD.format(
        python = path,
        # That build starts tests with `python`, which Debian has no command for.
        shebang = "" if major else "\n    stub_shebang = \"#!/usr/bin/env python3\",",
        toolchains = "@rules_python//python:py_runtime_pair.bzl" if loaded else "@bazel_tools//tools/python:toolchain.bzl",
    ))

python_with_tensorflow = repository_rule(
    _python_impl,
    configure = True,
    environ = ["PATH", "PYTHON_BIN_PATH", "VIRTUAL_ENV"],
    local = True,  # looks again at every start: packages come and go
)
