"""What a tagger computes with: every backend and precision gives the same tags."""

import logging
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import CORPUS, tiny_model, wordpiece

from helpers.inference import backends, load_tagger, onnx_model
from helpers.inference.tagger import Tagger

AVX512_BF16 = {"avx512_bf16": True, "amx_bf16": False}
AMX = {"avx512_bf16": False, "amx_bf16": True}
NEITHER = {"avx512_f": True, "avx512_bf16": False}


def exports(folder: Path) -> list[str]:
    """What is in a model's folder of exports."""
    return sorted(path.name for path in (folder / "onnx").iterdir())


@pytest.fixture(scope="session")
def exported_dir(tiny_model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a model that was exported; it takes seconds, so tests share it."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime comes with the extra [onnx]")
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path_factory.mktemp("exported") / "model"))
    load_tagger(folder, backend="onnx")
    load_tagger(folder, backend="onnx", precision="int8")
    return folder


def log_probabilities(tagger: Tagger) -> torch.Tensor:
    """What a tagger's model says of short and long windows in one batch."""
    inputs = tagger.tokenizer([*CORPUS, "the"], padding=True, truncation=True, return_tensors="pt")
    tensors: dict[str, Any] = dict(inputs)
    with torch.inference_mode():
        scores = tagger.model(**tensors).logits.float().log_softmax(dim=-1)
    return scores[tensors["attention_mask"] == 1]


@pytest.mark.parametrize(
    ("capabilities", "native"), [(AVX512_BF16, True), (AMX, True), (NEITHER, False)]
)
def test_bf16_is_taken_where_the_processor_has_it(
    capabilities: dict[str, bool],
    native: bool,
    tiny_model_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert backends.has_bf16("cpu") is native
    tagger = load_tagger(tiny_model_dir, device="cpu")
    assert tagger.model.dtype is (torch.bfloat16 if native else torch.float32)
    chosen = load_tagger(tiny_model_dir, device="cpu", precision="bf16" if not native else "fp32")
    assert chosen.model.dtype is (torch.float32 if native else torch.bfloat16)
    assert tagger.version != chosen.version


def test_bf16_is_taken_on_gpus_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert backends.has_bf16("cuda:1")
    # one that has it by way of fp32
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation
    )
    assert not backends.has_bf16("cuda")
    assert not backends.has_bf16("mps")
    monkeypatch.delattr(torch.cpu, "get_capabilities")  # a PyTorch that is older
    assert not backends.has_bf16("cpu")


def test_a_model_saved_in_bf16_is_computed_as_asked(tmp_path: Path) -> None:
    model: Any = tiny_model(wordpiece())
    model.bfloat16().save_pretrained(tmp_path)
    wordpiece().save_pretrained(tmp_path)
    tagger = load_tagger(tmp_path, device="cpu", precision="fp32")
    assert tagger.model.dtype is torch.float32


def test_bf16_gives_nearly_the_same_probabilities(tiny_model_dir: Path) -> None:
    exact, short = (
        log_probabilities(load_tagger(tiny_model_dir, device="cpu", precision=precision)).exp()
        for precision in ("fp32", "bf16")
    )
    assert (exact - short).abs().mean() < 0.02


def test_onnx_gives_the_same_scores_and_tags(exported_dir: Path) -> None:
    torch_tagger = load_tagger(exported_dir, device="cpu", precision="fp32")
    tagger = load_tagger(exported_dir, backend="onnx")
    torch.testing.assert_close(
        log_probabilities(tagger), log_probabilities(torch_tagger), atol=1e-3, rtol=0
    )
    sentences = [text.split() for text in [*CORPUS, "the", " ".join(CORPUS * 6)]]
    assert tagger.tag_words(sentences) == torch_tagger.tag_words(sentences)
    assert tagger.version != torch_tagger.version


def test_int8_gives_nearly_the_same_probabilities(exported_dir: Path) -> None:
    exact = log_probabilities(load_tagger(exported_dir, device="cpu", precision="fp32")).exp()
    tagger = load_tagger(exported_dir, backend="onnx", precision="int8")
    assert (exact - log_probabilities(tagger).exp()).abs().mean() < 0.02
    assert tagger("the golden state warriors") is not None


def test_int8_keeps_the_layers_that_lose_most_by_rounding(exported_dir: Path) -> None:
    onnx = pytest.importorskip("onnx")
    [export] = (exported_dir / "onnx").glob("int8-*")
    graph = onnx.load(export / "model.onnx").graph
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    products = [node.input[1] for node in graph.node if node.op_type == "MatMul"]
    exact = [shapes[weights] for weights in products if weights in shapes]
    config = load_tagger(exported_dir, device="cpu").model.config
    assert exact == [(config.intermediate_size, config.hidden_size)] * 2
    assert sum(node.op_type == "MatMulInteger" for node in graph.node) > len(exact)


def test_an_export_is_made_once_and_anew_for_new_weights(
    exported_dir: Path, tmp_path: Path
) -> None:
    """Takes seconds: it exports a model."""
    folder = Path(shutil.copytree(exported_dir, tmp_path / "model"))
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.onnx*")}
    assert [name.split("-")[0] for name in exports(folder)] == ["fp32", "int8"]
    load_tagger(folder, backend="onnx")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.onnx*")} == before

    tiny_model(wordpiece(), seed=1).save_pretrained(folder)
    tagger = load_tagger(folder, backend="onnx")
    assert log_probabilities(tagger) == pytest.approx(
        log_probabilities(load_tagger(folder, device="cpu", precision="fp32")), abs=1e-3
    )
    names = exports(folder)
    assert [name.split("-")[0] for name in names] == ["fp32", "int8"]
    assert len({name.split("-")[1] for name in names}) == 2  # int8 is still that of the old ones


def test_another_process_that_is_faster_is_no_trouble(
    exported_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(exported_dir, tmp_path / "model"))
    [kept] = (folder / "onnx").glob("fp32-*")
    kept.rename(tmp_path / "kept")

    def export(_folder: Path, _input_names: list[str], target: Path) -> None:
        shutil.copytree(tmp_path / "kept", target, dirs_exist_ok=True)
        shutil.copytree(tmp_path / "kept", kept)

    monkeypatch.setattr(onnx_model, "_export", export)
    assert load_tagger(folder, backend="onnx").tag_words([["the"]])
    assert [name.split("-")[0] for name in exports(folder)] == ["fp32", "int8"]


def test_an_export_silences_its_libraries_and_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with onnx_model._quiet():
        logging.getLogger("torch.onnx.exporter").warning("one")
        logging.getLogger().warning("two")  # as ONNX Runtime's quantizer does
        logging.getLogger().error("three")
        logging.getLogger("another").warning("four")
    logging.getLogger().warning("five")
    assert caplog.messages == ["three", "four", "five"]


def test_an_export_that_fails_leaves_nothing(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime comes with the extra [onnx]")
    folder = Path(shutil.copytree(tiny_model_dir, tmp_path / "model"))

    def fail(*_: object, **__: object) -> None:
        raise ValueError("no such operator\nand more")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(RuntimeError, match=r"exported to ONNX \(no such operator\); use"):
        load_tagger(folder, backend="onnx")
    assert exports(folder) == []


def test_an_export_that_computes_something_else_is_refused(
    exported_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(exported_dir, tmp_path / "model"))
    [kept] = (folder / "onnx").glob("fp32-*")
    tiny_model(wordpiece(), seed=1).save_pretrained(folder)

    def export_another(*_: object, f: Path, **__: object) -> None:
        shutil.copytree(kept, f.parent, dirs_exist_ok=True)

    monkeypatch.setattr(torch.onnx, "export", export_another)
    with pytest.raises(RuntimeError, match="its scores would differ by"):
        load_tagger(folder, backend="onnx")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "tf"}, "backend='tf' is not offered; choose 'torch' or 'onnx'"),
        ({"precision": "int8"}, "backend='torch'; choose 'auto' or 'fp32' or 'bf16'"),
        ({"backend": "onnx", "precision": "bf16"}, "choose 'auto' or 'fp32' or 'int8'"),
        ({"backend": "onnx", "device": "cuda:1"}, "device='cuda:1' is not offered with backend="),
    ],
)
def test_what_is_not_offered_is_refused(
    options: dict[str, Any], message: str, tiny_model_dir: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        load_tagger(tiny_model_dir, **options)


def test_without_onnx_runtime_the_backend_says_how_to_get_it(
    tiny_model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RuntimeError, match=r"pip install 'token-classification-lessons\[onnx\]'"):
        load_tagger(tiny_model_dir, backend="onnx")
