"""What Bazel 2 to 4 load from the net even for pure Python, replaced by next to nothing."""

_CC_RULES = ["cc_binary", "cc_library", "cc_test", "cc_toolchain", "cc_toolchain_suite"]
_JAVA_RULES = ["java_binary", "java_import", "java_library", "java_runtime", "java_toolchain"]

def _stub_impl(ctx):
    for path, text in ctx.attr.files.items():
        ctx.file(path, text)

_stub_repository = repository_rule(_stub_impl, attrs = {"files": attr.string_dict()})

def _native(rules):
    return "\n".join(["{0} = native.{0}".format(rule) for rule in rules])

def old_bazel_stubs():
    """Declares the stubs, on those versions only. Debian's build of Bazel 4 has an empty version."""
    if native.bazel_version.partition(".")[0] not in ["", "2", "3", "4"]:
        return
    _stub_repository(
        name = "rules_cc",
        files = {"cc/BUILD": "", "cc/defs.bzl": _native(_CC_RULES)},
    )
    _stub_repository(
        name = "rules_java",
        files = {"java/BUILD": "", "java/defs.bzl": _native(_JAVA_RULES)},
    )

    # Only `bazel coverage` would run these two; every test names them.
    _stub_repository(
        name = "remote_coverage_tools",
        files = {"BUILD": """
filegroup(name = "coverage_report_generator", visibility = ["//visibility:public"])
filegroup(name = "lcov_merger", visibility = ["//visibility:public"])
"""},
    )
