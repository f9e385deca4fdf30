"""Writes the ONNX files of tests/inference/fixtures: one real model and one file for each way to be refused.

Needs onnx, onnxmltools and lightgbm; run `python tests/inference/make_onnx_fixtures.py`. The same bytes each time.
"""

import json
import struct
from pathlib import Path

import lightgbm as lgb
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

FOLDER = Path(__file__).parent / "fixtures"
FEATURES = 4


def value(name, shape, elem_type=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, elem_type, shape)


def model(nodes, *, inputs=None, outputs=None, initializers=(), opsets=(("", 17),), functions=()):
    graph = helper.make_graph(
        nodes,
        "model",
        inputs or [value("features", ["batch", FEATURES])],
        outputs or [value("prediction", ["batch", 1])],
        initializer=list(initializers),
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=8)


def weights(name="weights"):
    return numpy_helper.from_array(np.array([[0.5], [-1.0], [2.0], [0.25]], dtype=np.float32), name)


def external(name="weights"):
    tensor = weights(name)
    raw = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", "../../secret.bin"), ("offset", "0"), ("length", str(len(raw)))):
        tensor.external_data.add(key=key, value=text)
    return tensor


def linear(**options):
    return model(
        [helper.make_node("MatMul", ["features", "weights"], ["prediction"])], initializers=[weights()], **options
    )


def branch(name, tensor, domain=""):
    """A subgraph that answers a constant."""
    node = helper.make_node("Constant", [], [name], value=tensor, domain=domain)
    return helper.make_graph([node], name, [], [value(name, [FEATURES, 1])])


def nested(tensor, domain=""):
    """A linear model whose weights come out of an If's branches: what is refused lies one graph deeper."""
    condition = numpy_helper.from_array(np.array(True), "always")
    choose = helper.make_node(
        "If",
        ["always"],
        ["chosen"],
        then_branch=branch("then", tensor, domain),
        else_branch=branch("else", weights("w")),
    )
    return model([choose, helper.make_node("MatMul", ["features", "chosen"], ["prediction"])], initializers=[condition])


def lightgbm():
    """Trees over rows with missing values, with the answers of the booster itself to compare with."""
    random = np.random.default_rng(7)
    rows = random.normal(size=(600, FEATURES)).astype(np.float32)
    rows[random.random(rows.shape) < 0.15] = np.nan
    label = np.nan_to_num(rows[:, 0]) * 2 - np.nan_to_num(rows[:, 1]) + np.isnan(rows[:, 2])
    booster = lgb.train(
        {"objective": "regression", "num_leaves": 7, "seed": 1, "verbose": -1, "num_threads": 1, "deterministic": True},
        lgb.Dataset(rows, label),
        num_boost_round=40,
    )
    exported = convert_lightgbm(
        booster,
        name="model",
        initial_types=[("features", FloatTensorType([None, FEATURES]))],
        target_opset=15,
        zipmap=False,
    )
    exported.graph.output[0].name = exported.graph.node[-1].output[0] = "prediction"
    exported.graph.output[0].CopyFrom(value("prediction", ["batch", 1]))
    asked = np.vstack([rows[:61], np.full((1, FEATURES), np.nan, np.float32), np.zeros((1, FEATURES), np.float32)])
    bits = [struct.unpack("<I", struct.pack("<f", x))[0] for x in asked.ravel()]
    (FOLDER / "lightgbm.json").write_text(
        json.dumps({"count": len(asked), "bits": bits, "predictions": booster.predict(asked).tolist()}) + "\n"
    )
    return exported


files = {
    "linear": linear(),
    "lightgbm": lightgbm(),
    "constant-nan": model(
        [helper.make_node("MatMul", ["features", "weights"], ["prediction"])],
        initializers=[numpy_helper.from_array(np.full((FEATURES, 1), np.nan, np.float32), "weights")],
    ),
    "external-data": model(
        [helper.make_node("MatMul", ["features", "weights"], ["prediction"])], initializers=[external()]
    ),
    "external-data-nested": nested(external("w")),
    "external-data-sparse": model(
        [
            helper.make_node(
                "Constant",
                [],
                ["weights"],
                sparse_value=helper.make_sparse_tensor(
                    external("values"), numpy_helper.from_array(np.arange(4, dtype=np.int64), "indices"), [FEATURES, 1]
                ),
            ),
            helper.make_node("MatMul", ["features", "weights"], ["prediction"]),
        ]
    ),
    "unknown-domain": model(
        [helper.make_node("Shell", ["features"], ["prediction"], domain="com.example")],
        opsets=(("", 17), ("com.example", 1)),
    ),
    "unknown-domain-nested": nested(weights("w"), domain="com.example"),
    "local-function": model(
        [helper.make_node("Twice", ["features"], ["prediction"])],
        functions=[
            helper.make_function(
                "local",
                "Twice",
                ["x"],
                ["y"],
                [helper.make_node("Add", ["x", "x"], ["y"])],
                [helper.make_opsetid("", 17)],
            )
        ],
    ),
    "random": model([helper.make_node("RandomNormal", [], ["prediction"], shape=[1, 1])]),
    "input-name": model(
        [helper.make_node("MatMul", ["x", "weights"], ["prediction"])],
        inputs=[value("x", ["batch", 4])],
        initializers=[weights()],
    ),
    "input-double": model(
        [
            helper.make_node("Cast", ["features"], ["narrow"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["narrow", "weights"], ["prediction"]),
        ],
        inputs=[value("features", ["batch", 4], TensorProto.DOUBLE)],
        initializers=[weights()],
    ),
    "input-width": linear(inputs=[value("features", ["batch", 5])]),
    "input-fixed-batch": linear(inputs=[value("features", [1, 4])]),
    "inputs-two": model(
        [helper.make_node("MatMul", ["features", "weights"], ["prediction"])],
        inputs=[value("features", ["batch", 4]), value("weights", [4, 1])],
    ),
    "output-name": model(
        [helper.make_node("MatMul", ["features", "weights"], ["y"])],
        outputs=[value("y", ["batch", 1])],
        initializers=[weights()],
    ),
    "output-shape": linear(outputs=[value("prediction", ["batch"])]),
    "outputs-two": model(
        [
            helper.make_node("MatMul", ["features", "weights"], ["prediction"]),
            helper.make_node("Identity", ["prediction"], ["again"]),
        ],
        outputs=[value("prediction", ["batch", 1]), value("again", ["batch", 1])],
        initializers=[weights()],
    ),
    "unknown-operator": model([helper.make_node("Fourier", ["features"], ["prediction"])]),
}

FOLDER.mkdir(exist_ok=True)
for name, content in files.items():
    (FOLDER / f"{name}.onnx").write_bytes(content.SerializeToString(deterministic=True))
print(f"{len(files)} files in {FOLDER}, onnx {onnx.__version__}, lightgbm {lgb.__version__}")
