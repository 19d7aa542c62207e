"""A trained model's folder to the same model under ONNX Runtime.

The model is exported once, into the folder ``onnx/`` within its own. The name of an export
identifies its weights, so a model that was trained again is exported again.
"""

import hashlib
import logging
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForTokenClassification
from transformers.modeling_outputs import TokenClassifierOutput

from helpers import atomic

logger = logging.getLogger(__name__)

_LAYERS = ["MatMul", "Gemm"]  # what ONNX calls the product of values and weights
_KEPT = 2  # so many layers, those that lose most by whole numbers, are not rounded
_TOLERANCE = 1e-3  # of a score, between PyTorch and what was exported of it


class OnnxModel(torch.nn.Module):
    """A token classification model that ONNX Runtime computes, called like one of PyTorch.

    Attributes:
        config: The configuration of the model that was exported.
        device: Where its inputs and scores are: the processor.
    """

    def __init__(self, folder: Path, input_names: Sequence[str], *, int8: bool = False) -> None:
        """Open the model of a folder, and export it first if that has not been done.

        Args:
            folder: As `helpers.models.locate` returns it.
            input_names: What the model is given, such as ``"input_ids"``.
            int8: Multiply whole numbers of 8 bits. The weights are rounded to them once, with a
                scale for each output of a layer. The values that they multiply are rounded when
                they arrive. Two layers stay in fp32, where rounding costs most.

        Raises:
            RuntimeError: ONNX Runtime is not installed, or the model cannot be exported.
            OSError: The folder cannot be written to.

        Source: https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
        """
        super().__init__()
        try:
            import onnxruntime  # noqa: F401
            import onnxscript  # noqa: F401  (what PyTorch exports with)
        except ImportError:
            raise RuntimeError(
                "the backend 'onnx' needs ONNX Runtime: "
                "pip install 'token-classification-lessons[onnx]'"
            ) from None
        self._compute = _opened(_exported(folder, input_names, "int8" if int8 else "fp32"))
        self.config = AutoConfig.from_pretrained(folder)
        self.device = torch.device("cpu")

    def forward(self, **inputs: torch.Tensor) -> TokenClassifierOutput:
        """Turn a padded batch, (windows, width), into scores: (windows, width, labels)."""
        return TokenClassifierOutput(logits=self._compute(inputs))


def _opened(path: Path) -> Callable[[Mapping[str, torch.Tensor]], torch.Tensor]:
    """Turn an exported model into a function from inputs to scores."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()  # as many as OMP_NUM_THREADS says
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted = [node.name for node in session.get_inputs()]  # an export drops what it does not use

    def compute(inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        [scores] = session.run(None, {name: inputs[name].numpy() for name in wanted})
        return torch.from_numpy(scores)

    return compute


def _exported(folder: Path, input_names: Sequence[str], precision: str) -> Path:
    """Find the export of a model, or make it; it appears complete or not at all."""
    exports = folder / "onnx"
    export = exports / f"{precision}-{_fingerprint(folder)}"
    if not export.is_dir():
        logger.warning("exporting the model to ONNX (%s), once", precision)
        with atomic.folder(export) as made:
            if precision == "int8":
                with tempfile.TemporaryDirectory(prefix=".", dir=exports) as exact:
                    _export(folder, input_names, Path(exact))
                    _round(Path(exact), made)
            else:
                _export(folder, input_names, made)
        for old in exports.glob(f"{precision}-*"):
            if old != export:
                shutil.rmtree(old, ignore_errors=True)
    return export / "model.onnx"


def _fingerprint(folder: Path) -> str:
    """Tell a model's configuration and weights from all others."""
    digest = hashlib.sha256()
    for path in sorted([folder / "config.json", *folder.glob("*.safetensors")]):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


class _Scores(torch.nn.Module):
    """A model whose inputs are one dictionary, and whose output is the scores alone."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        scores: torch.Tensor = self.model(**inputs).logits
        return scores


def _export(folder: Path, input_names: Sequence[str], target: Path) -> None:
    """Export a model for batches of any size and width, and check that it computes the same.

    Source: https://docs.pytorch.org/docs/stable/onnx_export.html
    """
    model = _Scores(
        AutoModelForTokenClassification.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True
        )
    ).eval()
    any_size = (torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC)
    try:
        with _quiet():
            torch.onnx.export(
                model,
                kwargs={"inputs": _batch(input_names, windows=2, width=8)},
                f=target / "model.onnx",
                input_names=list(input_names),
                dynamo=True,
                dynamic_shapes={"inputs": dict.fromkeys(input_names, any_size)},
                verbose=False,
            )
    except Exception as error:  # the exporter raises whatever the model's own code does
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        raise _not_exported(folder, str(cause).split("\n", 1)[0]) from error
    compute = _opened(target / "model.onnx")
    for windows, width in (1, 4), (3, 40):
        batch = _batch(input_names, windows=windows, width=width)
        with torch.inference_mode():
            difference = float((compute(batch) - model(batch)).abs().max())
        if not difference <= _TOLERANCE:
            raise _not_exported(folder, f"its scores would differ by {difference:.2g}")


def _not_exported(folder: Path, reason: str) -> RuntimeError:
    return RuntimeError(
        f"the model in {folder} cannot be exported to ONNX ({reason}); use backend='torch'"
    )


def _batch(input_names: Sequence[str], *, windows: int, width: int) -> dict[str, torch.Tensor]:
    """Make a batch such as a tagger gives a model; its last window is half padding."""
    ids = torch.arange(windows * width).reshape(windows, width) % 7 + 1
    attended = torch.ones_like(ids)
    attended[-1, width // 2 :] = 0
    inputs = {
        "input_ids": ids,
        "attention_mask": attended,
        "token_type_ids": torch.zeros_like(ids),
    }
    return {name: inputs[name] for name in input_names}


def _round(exported: Path, target: Path) -> None:
    """Turn an export into one that multiplies whole numbers of 8 bits, nearly everywhere.

    The first layers that lead from many values to few stay as they are. In a transformer, these are
    the second halves of the lowest feed-forward blocks. A few of the values that come into them are
    so large that one scale for all leaves little of the others.

    Source: Bondarenko et al. (2021), *Understanding and Overcoming the Challenges of Efficient
    Transformer Quantization*.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet():
        quantize_dynamic(
            exported / "model.onnx",
            target / "model.onnx",
            op_types_to_quantize=_LAYERS,
            nodes_to_exclude=_narrowing(exported / "model.onnx")[:_KEPT],
            per_channel=True,
            weight_type=QuantType.QInt8,
        )


def _narrowing(path: Path) -> list[str]:
    """Name the layers of an export that lead from many values to few, the lowest first."""
    import onnx

    graph = onnx.load(path, load_external_data=False).graph
    shapes = {weights.name: list(weights.dims) for weights in graph.initializer}
    names = []
    for node in graph.node:
        shape = shapes.get(node.input[1], []) if node.op_type in _LAYERS else []
        if len(shape) == 2:
            transposed = any(one.name == "transB" and one.i for one in node.attribute)
            n_inputs, n_outputs = reversed(shape) if transposed else shape
            if n_inputs > n_outputs:
                names.append(node.name)
    return names


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the libraries say of their own steps, on which nobody here can act."""
    exporter, quantizer = logging.getLogger("torch.onnx"), logging.getLogger()  # it uses the root's
    level = exporter.level
    exporter.setLevel(logging.ERROR)
    quantizer.addFilter(_is_error)  # which lets pass what other loggers say
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        exporter.setLevel(level)
        quantizer.removeFilter(_is_error)


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR
