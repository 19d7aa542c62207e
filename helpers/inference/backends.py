"""A trained model's folder to what computes with it, in the precision that suits the device."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

import torch
from transformers import AutoModelForTokenClassification, PreTrainedModel

from helpers.inference.onnx_model import OnnxModel

Backend = Literal["torch", "onnx"]
Precision = Literal["auto", "fp32", "bf16", "int8"]

# "auto" comes first; docs/performance.md says what int8 costs
_OFFERED: dict[str, tuple[str, ...]] = {
    "torch": ("auto", "fp32", "bf16"),
    "onnx": ("auto", "fp32", "int8"),
}


def load_model(
    folder: Path,
    input_names: Sequence[str],
    *,
    device: str | torch.device | None = None,
    backend: Backend = "torch",
    precision: Precision = "auto",
) -> PreTrainedModel | OnnxModel:
    """Turn the folder of a trained model into a model that computes scores.

    Device, backend and precision are those of `helpers.inference.load_tagger`.

    Args:
        folder: As `helpers.models.locate` returns it.
        input_names: What the model is given, such as ``"input_ids"``.
        device: ``None`` is the processor for ONNX Runtime.
        backend: ``"onnx"`` is an `OnnxModel`.
        precision: ``"auto"`` is bf16 with PyTorch if a device `has_bf16` and the model computes in
            it, otherwise fp32.

    Raises:
        ValueError: A backend, a precision or a device that is not offered, or a model that cannot
            compute in bf16.
        RuntimeError: As for `OnnxModel`.
    """
    if backend not in _OFFERED:
        raise ValueError(f"backend={backend!r} is not offered; choose {_either(_OFFERED)}")
    if precision not in _OFFERED[backend]:
        raise ValueError(
            f"precision={precision!r} is not offered with backend={backend!r}; choose "
            f"{_either(_OFFERED[backend])}"
        )
    if backend == "onnx":
        if device is not None and torch.device(device).type != "cpu":
            raise ValueError(
                f"device={str(device)!r} is not offered with backend='onnx', which computes on "
                "the processor; leave it out, or choose backend='torch'"
            )
        return OnnxModel(folder, input_names, int8=precision == "int8")
    device = _there(device or torch.accelerator.current_accelerator() or "cpu")
    if precision == "bf16" or (precision == "auto" and has_bf16(device)):
        model = _opened(folder, device, torch.bfloat16)
        if _computes(model, input_names):
            return model
        if precision == "bf16":
            kind = model.config.model_type
            raise ValueError(f"a model of type {kind!r} cannot compute in bf16; choose 'fp32'")
    return _opened(folder, device, torch.float32)


def _opened(folder: Path, device: torch.device, dtype: torch.dtype) -> PreTrainedModel:
    model = AutoModelForTokenClassification.from_pretrained(
        folder, dtype=dtype, use_safetensors=True
    )
    return cast(PreTrainedModel, model.to(device))


def _computes(model: PreTrainedModel, input_names: Sequence[str]) -> bool:
    """Whether a model computes in the precision of its weights; XLNet mixes bf16 with fp32."""
    ones = torch.ones((1, 2), dtype=torch.long, device=model.device)
    given = {name: ones for name in input_names if name != "token_type_ids"}
    try:
        with torch.inference_mode():
            model(**given)
    except RuntimeError:
        return False
    return True


def _there(device: str | torch.device) -> torch.device:
    try:
        return torch.empty(0, device=device).device
    except (AssertionError, RuntimeError) as error:  # the first where PyTorch has no CUDA at all
        raise ValueError(f"there is no device {str(device)!r} here: {error}") from None


def has_bf16(device: str | torch.device) -> bool:
    """Tell whether a device computes in bf16 natively, and so faster than in fp32.

    Other devices compute bf16 through fp32, which is slower.
    """
    kind = torch.device(device).type
    if kind == "cpu":
        # an older PyTorch cannot say what a processor has
        processor: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(processor.get("avx512_bf16") or processor.get("amx_bf16"))
    return kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def _either(names: Iterable[str]) -> str:
    return " or ".join(map(repr, names))
