"""A fitted model as ONNX: float32 `features` [batch, n] → float32 `prediction` [batch, 1].

Trees are one TreeEnsembleRegressor (ai.onnx.ml 3) in double behind a Cast, written node by node from LightGBM's own;
where they start from a linear model, that beside them in double. A recipe's processors stand before the trees, in
double, and end in float32 as they do in the trainer.
A float32 ensemble would compare with rounded thresholds and lose digits in sums over thousands of trees (3e-6 at 8,000
trees, here one unit in the last place), at the same speed. NaN follows a node's missing side; the zero band is in the
thresholds (trees.py). The bytes depend on what was learned alone: fixed names, no dates, no paths, deterministic
protobuf.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from quantloop_trainer.contracts import Filling, LinearModel
from quantloop_trainer.dataset import Floats64
from quantloop_trainer.processors import Processing
from quantloop_trainer.trees import Tree

INPUT, OUTPUT = "features", "prediction"
# understood by every ONNX Runtime since 1.11
_IR_VERSION, _OPSET, _ML_OPSET = 8, 17, 3


def export_onnx(
    trees: Sequence[Tree], start: LinearModel, features: int, processing: Processing | None = None
) -> bytes:
    """What the trees start from plus the sum of their leaves, for `features` inputs."""
    widen = helper.make_node("Cast", [INPUT], ["features_double"], name="widen", to=TensorProto.DOUBLE)
    seen = "features_double" if processing is None else "processed_double"
    nodes, initializers = _processed(processing) if processing else ([], [])
    nodes.insert(0, widen)
    if any(start.coefficients):
        nodes += [_sum(trees, 0.0, seen, "tree_sum"), *_linear()]
        initializers += _constants(start)
    else:
        nodes.append(_sum(trees, start.intercept, seen, OUTPUT))
    return _file(nodes, initializers, features, [("", _OPSET), ("ai.onnx.ml", _ML_OPSET)])


def export_shift(shift: float) -> bytes:
    """The one feature plus a number, in double like the sums of trees. NaN stays NaN."""
    node = helper.make_node
    nodes = [
        node("Cast", [INPUT], ["features_double"], name="widen", to=TensorProto.DOUBLE),
        node("Add", ["features_double", "shift"], ["prediction_double"], name="add_shift"),
        node("Cast", ["prediction_double"], [OUTPUT], name="narrow", to=TensorProto.FLOAT),
    ]
    return _file(nodes, [numpy_helper.from_array(np.array([shift]), "shift")], 1, [("", _OPSET)])


def _file(
    nodes: list[NodeProto], initializers: list[TensorProto], features: int, operators: list[tuple[str, int]]
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "quantloop",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", features])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["batch", 1])],
        initializers,
    )
    model: ModelProto = helper.make_model(
        graph,
        ir_version=_IR_VERSION,
        producer_name="quantloop",
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in operators],
    )
    checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _processed(processing: Processing) -> tuple[list[NodeProto], list[TensorProto]]:
    """`features_double` → `processed_double`, whose values are float32's."""
    node = helper.make_node
    nodes = [node("Gather", ["features_double", "kept"], ["step_0"], name="keep_columns", axis=1)]
    constants = [numpy_helper.from_array(processing.columns, "kept")]
    for index, step in enumerate(processing.fitted.steps):
        before, after = f"step_{index}", f"step_{index + 1}"

        def constant(name: str, value: float | list[float], of: int = index) -> str:
            constants.append(numpy_helper.from_array(np.array(value, np.float64), f"{name}_{of}"))
            return f"{name}_{of}"

        if isinstance(step, Filling):
            inputs = [f"missing_{index}", constant("fill", step.value), before]
            nodes += [
                node("IsNaN", [before], [f"missing_{index}"], name=f"find_missing_{index}"),
                node("Where", inputs, [after], name=f"fill_{index}"),
            ]
            continue
        scaled = after if step.clip is None else f"scaled_{index}"
        nodes += [
            node("Sub", [before, constant("center", step.center)], [f"centred_{index}"], name=f"centre_{index}"),
            node("Div", [f"centred_{index}", constant("scale", step.scale)], [scaled], name=f"scale_{index}"),
        ]
        if step.clip is not None:
            bounds = [constant("least", -step.clip), constant("most", step.clip)]
            nodes += [
                # what Clip makes of a missing value is left open by the standard
                node("Clip", [scaled, *bounds], [f"clipped_{index}"], name=f"clip_{index}"),
                node("IsNaN", [scaled], [f"missing_{index}"], name=f"find_missing_{index}"),
                node("Where", [f"missing_{index}", scaled, f"clipped_{index}"], [after], name=f"keep_missing_{index}"),
            ]
    nodes += [
        node("Cast", [f"step_{len(processing.fitted.steps)}"], ["processed"], name="round", to=TensorProto.FLOAT),
        node("Cast", ["processed"], ["processed_double"], name="widen_processed", to=TensorProto.DOUBLE),
    ]
    return nodes, constants


def _linear() -> list[NodeProto]:
    """In double, row by row, so that a batch changes no answer. A missing value is at the mean and adds nothing."""
    node = helper.make_node
    return [
        node("Sub", ["features_double", "mean"], ["centred"], name="centre"),
        node("Div", ["centred", "scale"], ["scaled"], name="scale_features"),
        node("IsNaN", ["scaled"], ["missing"], name="find_missing"),
        node("Where", ["missing", "zero", "scaled"], ["standardised"], name="fill_missing"),
        node("Mul", ["standardised", "coefficients"], ["terms"], name="weigh"),
        node("ReduceSum", ["terms", "axis"], ["linear_sum"], name="add_up", keepdims=1),
        node("Cast", ["tree_sum"], ["tree_sum_double"], name="widen_trees", to=TensorProto.DOUBLE),
        node("Sum", ["linear_sum", "intercept", "tree_sum_double"], ["prediction_double"], name="add_trees"),
        node("Cast", ["prediction_double"], [OUTPUT], name="narrow", to=TensorProto.FLOAT),
    ]


def _constants(start: LinearModel) -> list[TensorProto]:
    vectors = {"mean": start.mean, "scale": start.scale, "coefficients": start.coefficients}
    return [
        *(numpy_helper.from_array(np.array(values, dtype=np.float64), name) for name, values in vectors.items()),
        numpy_helper.from_array(np.array(0.0), "zero"),
        numpy_helper.from_array(np.array([start.intercept]), "intercept"),
        numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"),
    ]


def _sum(trees: Sequence[Tree], base: float, seen: str, output: str) -> NodeProto:
    interior = [len(tree.threshold) for tree in trees]
    leaves = [len(tree.leaf) for tree in trees]
    sizes = [inner + outer for inner, outer in zip(interior, leaves, strict=True)]

    def by_node(values: Iterable[np.ndarray], leaf: float = 0) -> np.ndarray:
        """Values of the interior nodes, with `leaf` at each tree's leaves after them."""
        padded = [np.append(given, np.full(outer, leaf)) for given, outer in zip(values, leaves, strict=True)]
        return np.concatenate(padded)

    node = NodeProto(op_type="TreeEnsembleRegressor", domain="ai.onnx.ml", name="trees")
    node.input.append(seen)
    node.output.append(output)
    _add_integer(node, "n_targets", 1)
    _add_string(node, "aggregate_function", b"SUM")
    _add_string(node, "post_transform", b"NONE")
    _add_integers(node, "nodes_treeids", np.repeat(np.arange(len(trees)), sizes))
    _add_integers(node, "nodes_nodeids", np.concatenate([np.arange(size) for size in sizes]))
    _add_integers(node, "nodes_featureids", by_node(tree.feature for tree in trees))
    _add_integers(node, "nodes_truenodeids", by_node(tree.left for tree in trees))
    _add_integers(node, "nodes_falsenodeids", by_node(tree.right for tree in trees))
    _add_integers(node, "nodes_missing_value_tracks_true", by_node(tree.missing_left for tree in trees))
    modes = [[b"BRANCH_LEQ"] * inner + [b"LEAF"] * outer for inner, outer in zip(interior, leaves, strict=True)]
    _add_strings(node, "nodes_modes", [mode for tree in modes for mode in tree])
    _add_doubles(node, "nodes_values_as_tensor", by_node(tree.threshold for tree in trees))
    _add_integers(node, "target_treeids", np.repeat(np.arange(len(trees)), leaves))
    _add_integers(
        node,
        "target_nodeids",
        np.concatenate([inner + np.arange(outer) for inner, outer in zip(interior, leaves, strict=True)]),
    )
    _add_integers(node, "target_ids", np.zeros(sum(leaves)))
    _add_doubles(node, "target_weights_as_tensor", np.concatenate([tree.leaf for tree in trees]))
    _add_doubles(node, "base_values_as_tensor", np.array([base]))
    return node


def _add_integer(node: NodeProto, name: str, value: int) -> None:
    node.attribute.add(name=name, type=AttributeProto.INT, i=value)


def _add_integers(node: NodeProto, name: str, values: np.ndarray) -> None:
    node.attribute.add(name=name, type=AttributeProto.INTS, ints=values.astype(np.int64).tolist())


def _add_string(node: NodeProto, name: str, value: bytes) -> None:
    node.attribute.add(name=name, type=AttributeProto.STRING, s=value)


def _add_strings(node: NodeProto, name: str, values: list[bytes]) -> None:
    node.attribute.add(name=name, type=AttributeProto.STRINGS, strings=values)


def _add_doubles(node: NodeProto, name: str, values: Floats64) -> None:
    node.attribute.add(
        name=name, type=AttributeProto.TENSOR, t=numpy_helper.from_array(values.astype(np.float64), name)
    )
