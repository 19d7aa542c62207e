"""The benchmarks: that they run and count right; no test measures a time."""

import json
import sys
from pathlib import Path

import pytest
import torch
from datasets import DatasetDict
from transformers import AutoModel

from benchmarks import distilbert, gpu, seeds, tagging
from helpers import data, models
from helpers.settings import Settings


@pytest.fixture(scope="module")
def sample() -> DatasetDict:
    return data.load("sample", max_sentences=20)


def test_a_distilbert_computes_what_its_bert_does(tmp_path: Path) -> None:
    bert = models.locate("minilm")
    distilbert.save_distilbert(bert, tmp_path)
    inputs = models.load_tokenizer(tmp_path)(
        ["in Paris", "the golden state warriors"], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        expected, found = (
            AutoModel.from_pretrained(folder, dtype=torch.float32)(
                input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
            ).last_hidden_state[inputs["attention_mask"] == 1]
            for folder in (bert, tmp_path)
        )
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_the_entities_of_running_text_are_scored_by_type_and_place(sample: DatasetDict) -> None:
    texts, gold = tagging.annotated_texts(sample["test"])
    assert sum(map(len, gold)) > 10
    found = [
        [{"entity_group": type_, "start": start, "end": end} for type_, start, end in places]
        for places in gold
    ]
    for text, words, places in zip(texts, sample["test"]["tokens"], gold, strict=True):
        assert text.split(" ") == words
        assert all(text[start:end] == text[start:end].strip() != "" for _, start, end in places)
    assert tagging.f1(gold, found) == 1
    assert tagging.f1(gold, [[] for _ in texts]) == 0
    few = [entities[:1] for entities in found]
    n_gold, n_found = sum(map(len, gold)), sum(map(len, few))
    assert tagging.f1(gold, few) == pytest.approx(2 * n_found / (n_gold + n_found))


def test_the_entities_of_text_as_people_write_it_keep_their_places(sample: DatasetDict) -> None:
    plain, gold = tagging.annotated_texts(sample["test"])
    texts, places = tagging.annotated_texts(sample["test"], join=tagging.as_written)
    assert sum(map(len, texts)) < sum(map(len, plain))
    for text, found, before, expected in zip(texts, places, plain, gold, strict=True):
        held = [
            sorted((type_, whole[start:end].replace(" ", "")) for type_, start, end in spans)
            for whole, spans in ((text, found), (before, expected))
        ]
        assert held[0] == held[1]
    assert tagging.as_written(["Ana", ",", "the", '"', "boss", '"', "."]) == 'Ana, the "boss".'


def test_a_pipeline_of_sorted_texts_answers_in_the_order_given(
    tiny_model_dir: Path, sample: DatasetDict
) -> None:
    texts, _ = tagging.annotated_texts(sample["test"])
    plain = tagging.pipeline(str(tiny_model_dir))(texts)
    ordered = tagging.pipeline(str(tiny_model_dir), batch_size=4)(texts)
    places = [
        [[(e["start"], e["end"]) for e in found] for found in some] for some in (plain, ordered)
    ]
    assert places[0] == places[1]
    assert any(places[0])


def test_rivals_take_turns_in_processes_of_their_own(
    tiny_model_dir: Path, sample: DatasetDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Takes seconds: it starts processes."""
    few = {name: tagging.RIVALS[name] for name in (tagging.PLAIN, tagging.SORTED, "tagger")}
    monkeypatch.setattr(tagging, "RIVALS", few)
    rows = tagging.compare(tiny_model_dir, sample["test"], rounds=2)
    assert [row["tagger"] for row in rows] == list(few)
    assert rows[0]["times text by text"] == rows[1]["times sorted"] == 1
    assert rows[0]["F1"] == rows[1]["F1"]
    assert all(50 < row["peak MB"] < 5000 for row in rows)


def test_the_gpu_script_runs_on_a_slice(
    tiny_model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Takes seconds: it trains four models."""
    monkeypatch.setenv("WNUT17_DIR", "sample")
    output = tmp_path / "gpu.json"
    slice_ = ["--max-sentences", "20", "--batch-sizes", "4", "16", "--rounds", "1"]
    gpu.main(["--bert", str(tiny_model_dir), *slice_, "--output", str(output)])
    written = json.loads(output.read_text(encoding="utf-8"))
    assert tagging.processor() in written["machine"] or torch.cuda.is_available()
    trained = [(row["model"], row["precision"]) for row in written["training"]]
    kinds = ["BERT", "DistilBERT"]
    assert trained == [(kind, precision) for kind in kinds for precision in gpu.PRECISIONS]
    assert len(written["tagging"]) == len(kinds) * (1 + 2 * 3)
    assert all(row["seconds"] > 0 for row in written["training"])
    assert all(row["texts/s"] > 0 for row in written["tagging"])


def test_runs_of_two_frameworks_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(run: Settings) -> dict[str, float]:
        return {"seed": run.seed, "F1 without it": 0.4, "F1": 0.4 + run.seed / 10}

    monkeypatch.setattr(seeds, "measure", measured)
    files = [tmp_path / "one.json", tmp_path / "other.json"]
    for file in files:
        monkeypatch.setattr(sys, "argv", ["seeds", "--seeds", "3", "--output", str(file)])
        seeds.main()
    assert "gain by the bias +0.1000, standard error 0.0577" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["seeds", "--compare", *map(str, files)])
    seeds.main()
    assert "difference of mean F1 +0.0000, p = 1.000" in capsys.readouterr().out
    assert seeds.p_value([3, 4, 5], [0, 1, 2]) == pytest.approx(2 / 20)
    assert seeds.p_value([3, 4, 2], [0, 1, 5]) == pytest.approx(14 / 20)
