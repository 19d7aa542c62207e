"""The Trainer recipe on a tiny model: it learns, resumes, scores every word and saves."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import NAMES, TYPES, WordByWord, tiny_config, tiny_run, wordpiece
from datasets import DatasetDict
from huggingface_hub import ModelCard
from safetensors import safe_open
from transformers import (
    AutoModelForTokenClassification,
    BertForTokenClassification,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    pipeline,
)

from helpers import alignment, data, inference, model_folder, models, training, words
from helpers.__main__ import main
from helpers.model_folder import TaggerOptions
from helpers.preparation import load_data
from helpers.settings import Settings


@pytest.fixture
def run(tiny_model_dir: Path, tmp_path: Path) -> Settings:
    return tiny_run(tiny_model_dir, tmp_path / "run")


def trainer_for(run: Settings, dataset: DatasetDict) -> Any:  # a Trainer whose parts are all set
    folder = models.locate(run.model)
    tokenizer = models.load_tokenizer(folder)
    model = training.load_model(folder, data.tag_names(dataset), run)
    stride = inference.Tagger(model, tokenizer).stride
    encoded = alignment.encode(dataset, tokenizer, stride=stride)
    checkpoints = training.checkpoint_dir(run, dataset)
    return training.build_trainer(
        model, tokenizer, dataset, encoded, training.arguments(run, checkpoints)
    )


def saved(trainer: Any, run: Settings, dataset: DatasetDict) -> Path:
    """Score a model and write it as lesson 3 does."""
    model, tokenizer = trainer.model, trainer.processing_class
    options = training.tagger_options(model, tokenizer, dataset)
    report = {"test": training.score(model, tokenizer, dataset["test"], options)}
    folder = model_folder.of_lesson(run, 3)
    return model_folder.write(
        folder, model.save_pretrained, tokenizer, dataset, run, report, options
    )


def test_a_run_leaves_a_model_that_opens_everywhere(run: Settings, dataset: DatasetDict) -> None:
    """Takes seconds: it trains, and loads the result three ways."""
    untrained = trainer_for(run, dataset)
    before = training.score(
        untrained.model, untrained.processing_class, dataset["test"], TaggerOptions()
    )
    report = training.fine_tune(run)
    folder = model_folder.of_lesson(run, 3)
    assert before["accuracy"] < report["test"]["accuracy"] <= 1
    assert set(report["test"]["types"]) >= set(TYPES)
    assert report["train_seconds"] > 0

    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert model.config.id2label == dict(enumerate(NAMES))
    tagger = inference.load_tagger(folder, device="cpu", precision="fp32")
    test = dataset["test"]
    assert model_folder.scores(test, tagger.tag_words(test["tokens"])) == report["test"]
    options = model_folder.read_tagger_options(folder)
    assert options == training.tagger_options(model, tagger.tokenizer, dataset)
    assert options.word_rules == words.learn(dataset["train"]["tokens"])
    unbiased = training.score(model, tagger.tokenizer, dataset["validation"], TaggerOptions())
    assert unbiased["f1"] <= report["validation"]["f1"]
    assert pipeline("token-classification", model=str(folder), device="cpu")("the san")

    stored = model_folder.read_report(folder)
    assert stored["test"] == report["test"]
    assert stored["settings"] == run.to_dict()
    card = ModelCard.load(folder / "README.md")
    assert card.data.pipeline_tag == "token-classification"
    assert f"| all | {report['test']['precision']:.3f}" in card.content
    weights = {path.suffix for path in folder.iterdir()}
    assert weights == {".json", ".safetensors", ".md"}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]


def test_the_same_seed_gives_the_same_scores_and_another_run_replaces_the_model(
    run: Settings,
) -> None:
    first = training.fine_tune(run)
    second = training.fine_tune(run)
    assert second["test"] == first["test"]
    assert second["validation"] == first["validation"]
    other = training.fine_tune(dataclasses.replace(run, seed=7))
    assert other["test"]["accuracy"] != first["test"]["accuracy"]


def test_a_model_is_scored_on_its_own_data_alone(
    run: Settings, dataset: DatasetDict, tmp_path: Path
) -> None:
    """Two data sets in one folder of runs, both ways. Takes seconds: it trains twice."""
    swapped = DatasetDict(dataset, train=dataset["test"], test=dataset["train"])
    files = {}
    for split, rows in swapped.items():
        files[split] = str(tmp_path / f"{split}.conll")
        sentences = [
            "\n".join(map("\t".join, zip(*pair, strict=True)))
            for pair in zip(rows["tokens"], data.tags(rows), strict=True)
        ]
        Path(files[split]).write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    own = dataclasses.replace(run, dataset=files)
    pairs = [(run, dataset), (own, load_data(own))]
    for (mine, my_data), (others, other_data) in [pairs, pairs[::-1]]:
        folder = training.trained_model(mine, my_data)  # trains
        trained_at = (folder / "model.safetensors").stat().st_mtime_ns
        assert training.trained_model(mine, my_data) == folder
        assert (folder / "model.safetensors").stat().st_mtime_ns == trained_at
        assert model_folder.read_report(folder)["data"]["sentences"] == my_data.num_rows
        with pytest.raises(models.ModelError) as refused:
            training.trained_model(others, other_data)
        assert str(my_data.num_rows) in str(refused.value)
        assert str(other_data.num_rows) in str(refused.value)
        assert "run lesson 3 again with the same parameters" in str(refused.value)
        shutil.rmtree(folder)


def test_only_what_the_settings_say_is_frozen(run: Settings, tiny_model_dir: Path) -> None:
    def trained(**changes: Any) -> set[str]:
        model = training.load_model(tiny_model_dir, NAMES, dataclasses.replace(run, **changes))
        return {name for name, weights in model.named_parameters() if weights.requires_grad}

    everything = trained(freeze_embeddings=False, frozen_layers=0)
    assert everything - trained(freeze_embeddings=True, frozen_layers=0) == {
        name for name in everything if ".embeddings." in name
    }
    assert everything - trained(freeze_embeddings=False, frozen_layers=1) == {
        name for name in everything if ".layer.0." in name
    }


def test_more_frozen_layers_than_the_model_has_are_refused(
    run: Settings, tiny_model_dir: Path
) -> None:
    with pytest.raises(ValueError, match="frozen_layers=3, but the model has 2 layers"):
        training.load_model(tiny_model_dir, NAMES, dataclasses.replace(run, frozen_layers=3))


def test_layers_compute_in_bf16_where_the_processor_does_and_weights_stay_as_they_are(
    run: Settings, dataset: DatasetDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    assert not training.arguments(run, "checkpoints").bf16
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    trainer = trainer_for(run, dataset)
    assert trainer.args.bf16
    computed = set()
    layer = trainer.model.bert.encoder.layer[-1].output.dense
    layer.register_forward_hook(lambda _module, _inputs, output: computed.add(output.dtype))
    before = trainer.evaluate()["eval_accuracy"]
    training.train(trainer)
    assert computed == {torch.bfloat16}
    assert before < trainer.evaluate()["eval_accuracy"]
    assert {weights.dtype for weights in trainer.model.parameters()} == {torch.float32}

    computed.clear()
    folder = saved(trainer, run, dataset)
    assert computed == {torch.float32}
    tagger = inference.load_tagger(folder, device="cpu", precision="fp32")
    options = model_folder.read_tagger_options(folder)
    same = inference.Tagger(trainer.model, trainer.processing_class, options=options)
    sentences = dataset["test"]["tokens"]
    assert tagger.tag_words(sentences) == same.tag_words(sentences)


def fine_tuned(folder: Path, names: list[str]) -> Any:
    """Save a model that was fine-tuned before, each row of its classifier full of one number."""
    tokenizer = wordpiece()
    config = tiny_config(tokenizer)
    config.id2label = dict(enumerate(names))
    config.label2id = {name: index for index, name in enumerate(names)}
    model = BertForTokenClassification(config)
    with torch.no_grad():
        numbers = torch.arange(1.0, len(names) + 1)
        model.classifier.weight.copy_(numbers[:, None].expand_as(model.classifier.weight))
        model.classifier.bias.copy_(-numbers)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model


SHUFFLED = [*NAMES[5:], *NAMES[:5]]


@pytest.mark.parametrize(
    ("labels", "notices"),
    [
        (NAMES, []),
        (SHUFFLED, [f"its labels of the same name: {', '.join(sorted(NAMES))}"]),
        (
            ["I-person", "O", "B-person", "B-MISC"],
            [
                "its labels of the same name: B-person, I-person, O;",
                "tags that start from scratch: B-corporation, ",
                "labels that it loses: B-MISC",
            ],
        ),
        ([f"LABEL_{number}" for number in range(13)], ["that start from scratch: B-corporation, "]),
        (["NEGATIVE", "POSITIVE"], ["labels that it loses: NEGATIVE, POSITIVE"]),
    ],
)
def test_tags_go_on_from_the_labels_of_the_same_name(
    labels: list[str],
    notices: list[str],
    run: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = fine_tuned(tmp_path, labels)
    model = training.load_model(tmp_path, NAMES, run)
    encoders: list[Any] = [old.bert, model.base_model]
    before, after = (encoder.encoder.layer[1].output.dense.weight for encoder in encoders)
    assert torch.equal(before, after)
    head = training.classifier(model)
    for index, tag in enumerate(NAMES):
        if tag in labels:
            number = labels.index(tag) + 1
            assert set(head.weight[index].tolist()) == {number}
            assert head.bias[index] == -number
        else:
            assert 0 < head.weight[index].abs().max() < 0.2
            assert head.bias[index] == 0
    found = [record.message for record in caplog.records if record.name == "helpers.models"]
    assert len(found) == (labels != NAMES)
    for notice in notices:
        assert notice in found[0]
    again = training.classifier(training.load_model(tmp_path, NAMES, run)).weight
    assert torch.equal(again, head.weight)


class Interrupt(TrainerCallback):
    """Interrupts a training at the start of an epoch, counted from 0."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        if state.epoch is not None and state.epoch >= self.epoch:
            raise KeyboardInterrupt


def test_an_interrupted_run_continues_from_its_own_checkpoint(
    run: Settings, dataset: DatasetDict, capfd: pytest.CaptureFixture[str]
) -> None:
    interrupted = trainer_for(run, dataset)
    interrupted.add_callback(Interrupt(1))
    with pytest.raises(KeyboardInterrupt, match="run it again .* to continue from checkpoint-"):
        training.train(interrupted)
    assert "Writing model shards" not in capfd.readouterr().err
    name = f"checkpoint-{interrupted.state.max_steps // 2}"
    checkpoints = training.checkpoint_dir(run, dataset)
    assert [path.name for path in checkpoints.iterdir()] == [name]
    shutil.copytree(checkpoints / name, checkpoints / "checkpoint-999")  # killed while it wrote
    (checkpoints / "checkpoint-999" / "trainer_state.json").unlink()

    whole = trainer_for(dataclasses.replace(run, output_dir=f"{run.output_dir}-whole"), dataset)
    training.train(whole)
    resumed = trainer_for(run, dataset)
    training.train(resumed)
    assert resumed.state.global_step == whole.state.global_step
    for name, weights in whole.model.state_dict().items():
        torch.testing.assert_close(resumed.model.state_dict()[name], weights)

    another = dataclasses.replace(run, learning_rate=1e-4)
    assert training.checkpoint_dir(another, dataset) != training.checkpoint_dir(run, dataset)
    fewer = DatasetDict(dataset, train=dataset["train"].select(range(5)))
    assert training.checkpoint_dir(run, fewer) != training.checkpoint_dir(run, dataset)


def test_a_run_interrupted_in_its_first_epoch_says_that_it_begins_anew(
    run: Settings, dataset: DatasetDict
) -> None:
    trainer = trainer_for(run, dataset)
    trainer.add_callback(Interrupt(0))
    with pytest.raises(KeyboardInterrupt, match="before its first checkpoint; to start again"):
        training.train(trainer)


def test_trainers_own_score_on_validation_is_that_of_every_word(
    run: Settings, dataset: DatasetDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_for(run, dataset)
    found = trainer.evaluate()
    tokenizer = trainer.processing_class
    monkeypatch.setattr("helpers.inference.tagger.Decoder", WordByWord)
    expected = training.score(trainer.model, tokenizer, dataset["validation"], TaggerOptions())
    for name in ("precision", "recall", "f1", "accuracy"):
        assert found[f"eval_{name}"] == pytest.approx(expected[name])


def test_the_model_folder_appears_whole_and_its_weights_are_safetensors(
    run: Settings, dataset: DatasetDict, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = trainer_for(run, dataset)
    folder = saved(trainer, run, dataset)
    with safe_open(folder / "model.safetensors", "pt") as weights:
        assert "classifier.weight" in list(weights.keys())
    before = (folder / "metrics.json").read_text(encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(model_folder, "model_card", fail)
    with pytest.raises(OSError, match="disk full"):
        saved(trainer, run, dataset)
    assert (folder / "metrics.json").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "ofline"], "unknown profile 'ofline'; valid profiles: full, offline, smoke"),
        (["-p", "epohcs", "3"], "unknown setting 'epohcs'; valid settings: dataset,"),
        (["-p", "epochs", "1e999"], "invalid setting epochs: Input should be less than 1000000;"),
        (["-p", "epochs", "nan"], "invalid setting epochs: Input should be a valid number; found"),
        (["-p", "stride", "62"], "stride=62 does not fit max_length=64: a window has room for"),
        (["-p", "model", "/"], "/ holds no config.json; give a folder that save_pretrained made"),
        (["-p", "dataset", "{[]: 1}"], "no such file or folder: {[]: 1} (looked for "),
        (["-p", "output_dir", "/dev/null"], "Not a directory: '/dev/null/03_trainer_finetuning'"),
    ],
)
def test_the_command_line_ends_in_one_line_for_what_a_user_can_cause(
    arguments: list[str],
    message: str,
    tiny_model_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usual = {
        "max_sentences": "8",
        "frozen_layers": "0",
        "model": str(tiny_model_dir),
        "output_dir": str(tmp_path),
    }
    others = [("-p", name, value) for name, value in usual.items() if name not in arguments]
    assert main(["train", "--profile", "smoke", *arguments, *chain(*others)]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("error: ")
    assert message in last


def output_of(command: list[str]) -> str:
    """Run a command that starts two processes, each on a core of its own."""
    done = subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,  # a process that waits for the other would wait for ever
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_score_every_word_once_and_save_one_model(
    run: Settings, tmp_path: Path
) -> None:
    """Takes seconds: torchrun starts two processes, which talk over gloo."""
    program = tmp_path / "train.py"
    program.write_text(
        f"""
import json, sys
from helpers import alignment, data, model_folder, models, settings, training
from helpers.inference import tagger

run = settings.load(**{run.to_dict()!r})
dataset = data.load(run.dataset, max_sentences=run.max_sentences, seed=run.seed)
folder = models.locate(run.model)
tokenizer = models.load_tokenizer(folder)
model = training.load_model(folder, data.tag_names(dataset), run)
encoded = alignment.encode(dataset, tokenizer, stride=15)
args = training.arguments(run, training.checkpoint_dir(run, dataset))
trainer = training.build_trainer(model, tokenizer, dataset, encoded, args)
found = trainer.evaluate()
if trainer.is_world_process_zero():
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    from conftest import WordByWord

    decoder, tagger.Decoder = tagger.Decoder, WordByWord
    options = model_folder.TaggerOptions()
    expected = training.score(model, tokenizer, dataset["validation"], options)
    tagger.Decoder = decoder
    print("REPORT", json.dumps([args.world_size, args.train_batch_size, found, expected]))
training.fine_tune(run)
""",
        encoding="utf-8",
    )
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    printed = output_of([*torchrun, "--standalone", str(program)])
    reports = [line for line in printed.splitlines() if "REPORT " in line]
    [(processes, batch, found, expected)] = [json.loads(line.split(" ", 1)[1]) for line in reports]
    assert (processes, batch) == (2, run.batch_size // 2)
    for name in ("precision", "recall", "f1", "accuracy"):
        assert found[f"eval_{name}"] == pytest.approx(expected[name])
    stored = model_folder.read_report(model_folder.of_lesson(run, 3))
    alone = training.fine_tune(dataclasses.replace(run, output_dir=f"{run.output_dir}-alone"))
    assert stored["test"]["types"].keys() == alone["test"]["types"].keys()
    assert stored["test"]["accuracy"] == pytest.approx(alone["test"]["accuracy"], abs=0.15)


def test_the_notebook_launcher_trains_one_model_in_two_processes(run: Settings) -> None:
    """The lines of lesson 3. Takes seconds: two processes are forked, which talk over gloo."""
    program = f"""
from accelerate import notebook_launcher
from helpers import settings, training

run = settings.load(**{run.to_dict()!r})
notebook_launcher(training.fine_tune, args=(run,), num_processes=2)
"""
    printed = output_of([sys.executable, "-c", program])
    assert "Launching training on 2 " in printed
    assert printed.count("'eval_f1'") == run.epochs  # one process logs
    stored = model_folder.read_report(model_folder.of_lesson(run, 3))
    assert stored["settings"] == run.to_dict()
    assert [path.name for path in model_folder.of_lesson(run, 3).parent.iterdir()] == ["model"]
