"""Fetches of any structure: what they are known by, and how to fetch them."""

import collections
import itertools
import types

import pytest
import tensorflow as tf

from monitored_tf.fetch_structure import (
    PreparedFetches,
    UnknownStructureError,
    graph_element,
    is_plain_tuple,
    signature,
)

v1 = tf.compat.v1
OrderedDict = collections.OrderedDict
Pair = collections.namedtuple("Pair", ["left", "right"])
OtherPair = collections.namedtuple("OtherPair", ["left", "right"])
Empty = collections.namedtuple("Empty", [])


class _WithIter(tuple):
    __slots__ = ()

    def __iter__(self):
        return iter([])


class _Attrs:
    __attrs_attrs__ = ()


class _Zoo:
    """Some of all that can be fetched."""

    def __init__(self):
        self.a = tf.constant(1, name="a")
        self.b = tf.constant([2.0, 3.0], name="b")
        self.op = tf.no_op(name="op")
        self.k = tf.no_op(name="k")
        self.other_op = tf.group(self.a, name="other_op")
        self.var = v1.get_variable("var", initializer=5, use_resource=True)
        self.ref = v1.get_variable("ref", initializer=6, use_resource=False)
        self.sparse = tf.SparseTensor([[0, 1]], [7.0], [2, 2])


@pytest.fixture
def zoo(graph):
    return _Zoo()


# No two of them are fetched alike.
KNOWN = {
    "tensor": lambda z: z.a,
    "other tensor": lambda z: z.b,
    "its name": lambda z: "a:0",
    "operation": lambda z: z.op,
    "name of an operation": lambda z: "a",
    "variable": lambda z: z.var,
    "ref variable": lambda z: z.ref,
    "sparse": lambda z: z.sparse,
    "empty list": lambda z: [],
    "empty tuple": lambda z: (),
    "empty dict": lambda z: {},
    "empty ordered dict": lambda z: OrderedDict(),
    "empty namedtuple": lambda z: Empty(),
    "list": lambda z: [z.a],
    "list of a name": lambda z: ["a:0"],
    "tuple": lambda z: (z.a,),
    "dict": lambda z: {"k": z.a},
    "dict of names": lambda z: {"k": "a:0"},
    "names the other way round": lambda z: {"a:0": "k"},
    "ordered dict": lambda z: OrderedDict(k=z.a),
    "int key": lambda z: {1: z.a},
    "negative key": lambda z: {-1: z.a},
    "digit for a key": lambda z: {"1": z.a},
    "odd keys": lambda z: {'it\'s "{k}"\n\\': z.a, "": z.b, "\ud800": z.op},
    "two": lambda z: [z.a, z.b],
    "two in turn": lambda z: [z.b, z.a],
    "one twice": lambda z: [z.a, z.a],
    "tensor and name": lambda z: [z.a, "a:0"],
    "operation twice": lambda z: [z.op, "op", z.other_op, z.op],
    "pair": lambda z: Pair(z.a, z.b),
    "other pair": lambda z: OtherPair(z.a, z.b),
    "sparse value": lambda z: v1.SparseTensorValue(z.a, z.b, z.op),
    "sparse and parts": lambda z: [z.sparse.values, z.sparse, z.sparse],
    "dict of two": lambda z: {"k": z.a, "l": z.b},
    "keys in turn": lambda z: {"l": z.b, "k": z.a},
    "values in turn": lambda z: {"k": z.b, "l": z.a},
    "empty within": lambda z: [[], z.a],
    "empty behind": lambda z: [z.a, []],
    "nested": lambda z: [[z.a], z.b],
    "nested otherwise": lambda z: [[z.a, z.b]],
    "of all": lambda z: {
        "x": [z.op, (z.var, {2: z.ref}), Pair([z.b], "op")],
        "y": OrderedDict(v=z.sparse, u=[z.a, z.a, z.var]),
    },
}

UNKNOWN = {
    "none": lambda z: None,
    "number": lambda z: 3,
    "bytes": lambda z: b"a:0",
    "string subclass": lambda z: type("Text", (str,), {})("a:0"),
    "list of none": lambda z: [z.a, None],
    "deep none": lambda z: {"x": [(z.a, None)]},
    "set": lambda z: {"a:0"},
    "dict view": lambda z: {"x": z.a}.values(),
    "generator": lambda z: (t for t in [z.a]),
    "list subclass": lambda z: type("List", (list,), {})([z.a]),
    "dict subclass": lambda z: type("Dict", (dict,), {})(x=z.a),
    "default dict": lambda z: collections.defaultdict(list, x=z.a),
    "mapping": lambda z: collections.UserDict(x=z.a),
    "tuple of its own iter": lambda z: _WithIter((z.a,)),
    "attrs": lambda z: _Attrs(),
    "key true": lambda z: {True: z.a},
    "key none": lambda z: {None: z.a},
    "key float": lambda z: {1.0: z.a},
    "key tuple": lambda z: {("x",): z.a},
    "key string subclass": lambda z: {type("Text", (str,), {})("x"): z.a},
    "one key of two": lambda z: {"x": z.a, 2.5: z.a},
    "reference": lambda z: z.a.ref(),
    "slices": lambda z: tf.IndexedSlices(z.b, z.a),
    "ragged": lambda z: tf.ragged.constant([[1], []]),
}


def _parametrize(makers):
    return pytest.mark.parametrize("make", makers.values(), ids=makers)


def _run(fetches, graph):
    """Returns what a step of the prepared fetches gives."""
    prepared = PreparedFetches(fetches, graph)
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        values = session.run([prepared.tensors, prepared.operations])[0]
    return prepared.build(values)


@_parametrize(KNOWN)
def test_structures_made_anew_have_one_signature(zoo, make):
    assert signature(make(zoo)) == signature(make(zoo))
    assert hash(signature(make(zoo))) == hash(signature(make(zoo)))


def test_structures_that_are_not_fetched_alike_have_other_signatures(zoo):
    made = {name: signature(make(zoo)) for name, make in KNOWN.items()}
    same = [
        pair
        for pair in itertools.combinations(made, 2)
        if made[pair[0]] == made[pair[1]]
    ]
    assert same == []


@_parametrize(UNKNOWN)
def test_what_is_not_recognised_has_no_signature(zoo, make):
    with pytest.raises(UnknownStructureError):
        signature(make(zoo))


def test_a_value_of_each_replica_has_no_signature(graph):
    class PerReplica(tf.distribute.DistributedValues, tf.Variable):
        def __init__(self): ...

    with pytest.raises(UnknownStructureError):
        signature([PerReplica()])


def test_a_type_has_the_same_signature_before_and_after_it_is_known(zoo):
    class Seldom(type(zoo.var)):
        pass

    seldom = Seldom(1)
    first = signature([zoo.a, seldom])
    assert signature([zoo.a, seldom]) == first
    assert signature(seldom) == signature([zoo.a, seldom])[2]


@pytest.mark.parametrize(
    ("kind", "is_plain"),
    [
        (tuple, True),
        (Pair, True),
        (v1.SparseTensorValue, True),
        (_WithIter, False),
        (list, False),
        (dict, False),
        (tf.Tensor, False),
    ],
)
def test_a_namedtuple_is_a_plain_tuple(kind, is_plain):
    assert is_plain_tuple(kind) is is_plain


@_parametrize(KNOWN)
def test_the_results_are_those_of_session_run(graph, zoo, make):
    with v1.Session() as session:
        session.run(v1.global_variables_initializer())
        theirs = session.run(make(zoo))
    assert repr(_run(make(zoo), graph)) == repr(theirs)


def test_each_is_fetched_once_in_the_order_of_tensorflow(graph, zoo):
    fetches = [zoo.b, "other_op", zoo.sparse, {"x": ("a:0", zoo.b)}, zoo.op]
    prepared = PreparedFetches([fetches, zoo.sparse.values, "op"], graph)
    parts = [zoo.sparse.indices, zoo.sparse.values, zoo.sparse.dense_shape]
    assert prepared.tensors == [zoo.b, *parts, zoo.a]
    assert prepared.operations == [zoo.other_op, zoo.op]


def test_what_is_fetched_twice_is_one_object_in_the_results(graph, zoo):
    prepared = PreparedFetches([zoo.b, {"x": zoo.b}, "b:0"], graph)
    value = object()
    results = prepared.build([value])
    assert results == [value, {"x": value}, value]


def test_the_leaves_are_what_the_structure_holds(graph, zoo):
    leaves = ["op", zoo.sparse, zoo.var, zoo.op, zoo.a, zoo.a]
    fetches = [leaves[:2], {"x": zoo.var, "y": (zoo.op,)}, leaves[4:]]
    assert PreparedFetches(fetches, graph).leaves == leaves


def test_a_subclass_of_sparse_tensor_is_fetched_like_one(graph):
    class Sparse(tf.SparseTensor):
        pass

    sparse = Sparse([[0]], [1.0], [3])
    prepared = PreparedFetches(sparse, graph)
    assert prepared.leaves == [sparse]
    result = prepared.build(["indices", "values", "shape"])
    assert repr(result) == repr(
        v1.SparseTensorValue("indices", "values", "shape")
    )


def test_the_results_of_each_step_are_new_objects(graph, zoo):
    build = PreparedFetches([{"x": [zoo.a]}], graph).build
    first = build([1])
    first[0]["x"].append(2)
    assert build([3]) == [{"x": [3]}]


def test_what_is_of_another_graph_is_unknown(zoo):
    for leaf in (zoo.a, zoo.op, zoo.var, zoo.ref, zoo.sparse):
        with pytest.raises(UnknownStructureError):
            PreparedFetches([leaf], tf.Graph())


def test_what_may_not_be_fetched_is_unknown(graph, zoo):
    graph.prevent_fetching(zoo.a.op)
    graph.prevent_fetching(zoo.op)
    for leaf in (zoo.a, "a:0", zoo.op, [zoo.b, zoo.op]):
        with pytest.raises(UnknownStructureError):
            PreparedFetches(leaf, graph)
    assert PreparedFetches(zoo.b, graph).tensors == [zoo.b]


def test_the_handle_of_a_tensor_is_unknown(graph, zoo):
    handle = v1.get_session_handle(zoo.b)
    with pytest.raises(UnknownStructureError):
        PreparedFetches({"x": handle}, graph)


@pytest.mark.parametrize(
    "wrap", [lambda f: [f], lambda f: (f,), lambda f: OrderedDict(x=f)]
)
def test_only_what_is_too_deep_for_an_expression_is_unknown(graph, zoo, wrap):
    fetches = zoo.a
    for _ in range(50):
        fetches = wrap(fetches)
    assert repr(PreparedFetches(fetches, graph).build([1])).count("1") == 1
    with pytest.raises(UnknownStructureError):
        PreparedFetches(wrap(fetches), graph)


def test_many_may_be_fetched_at_once(graph, zoo):
    fetches = {n: zoo.a if n % 2 else zoo.b for n in range(3000)}
    results = PreparedFetches(fetches, graph).build(["b", "a"])
    assert results == {n: "a" if n % 2 else "b" for n in range(3000)}


@pytest.mark.parametrize(
    ("leaf", "element"),
    [
        (lambda z: z.a, lambda z: z.a),
        (lambda z: z.op, lambda z: z.op),
        (lambda z: "a:0", lambda z: z.a),
        (lambda z: "a", lambda z: z.a.op),
        (lambda z: z.ref, lambda z: z.ref._as_graph_element()),
        (lambda z: z.var, lambda z: z.var._as_graph_element()),
    ],
)
def test_a_leaf_stands_for_an_element_of_its_graph(graph, zoo, leaf, element):
    assert graph_element(leaf(zoo), graph) is element(zoo)


@pytest.mark.parametrize("leaf", [None, 3, types.SimpleNamespace(graph=None)])
def test_what_has_no_graph_stands_for_nothing(graph, leaf):
    with pytest.raises(UnknownStructureError):
        graph_element(leaf, graph)
