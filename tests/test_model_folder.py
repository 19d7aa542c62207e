"""What lies in a model's folder: its card, its data, its scores; and sharing it all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import transformers
from conftest import wordpiece
from datasets import DatasetDict
from hub import StandInHub
from huggingface_hub import ModelCard

from helpers import data, metrics, model_folder, settings
from helpers.model_folder import TaggerOptions
from helpers.models import ModelError
from helpers.words import WordRules

OPTIONS = TaggerOptions(WordRules(inside="", abbreviations=("Corp.",)), outside_bias=0.25)
GERMAN = {
    "train": [(["Die", "Bahn", "nach", "Köln"], ["O", "B-org", "O", "B-place"])],
    "validation": [(["Köln", "."], ["B-place", "O"])],
    "test": [(["Bonn", "!"], ["B-place", "O"])],
}


@pytest.fixture
def german(tmp_path: Path) -> Path:
    """A folder with data of somebody's own."""
    folder = tmp_path / "mine" / "german"
    folder.mkdir(parents=True)
    for split, sentences in GERMAN.items():
        rows = ["\n".join(map("\t".join, zip(*pair, strict=True))) for pair in sentences]
        (folder / f"{split}.conll").write_text("\n\n".join(rows) + "\n", encoding="utf-8")
    return folder


def written(folder: Path, splits: DatasetDict, **chosen: Any) -> Path:
    """Write a folder as after a training whose model misses the entities of nine sentences."""
    found = [["O"] * len(tags) if number < 9 else tags for number, tags in enumerate(gold(splits))]
    return model_folder.write(
        folder / "03_trainer_finetuning" / "model",
        lambda partial: (partial / "model.safetensors").write_bytes(b""),
        wordpiece(),
        splits,
        settings.load("offline", **chosen),
        {"test": model_folder.scores(splits["test"], found)},
        OPTIONS,
    )


def gold(splits: DatasetDict) -> list[list[str]]:
    return data.tags(splits["test"])


@pytest.fixture(scope="module")
def sample() -> DatasetDict:
    return data.load("sample")


def test_scores_have_the_interval_of_f1(sample: DatasetDict) -> None:
    found = [tags if number % 3 else ["O"] * len(tags) for number, tags in enumerate(gold(sample))]
    scores = model_folder.scores(sample["test"], found)
    assert scores["f1"] == metrics.entity_scores(gold(sample), found)["f1"]
    assert scores["f1_interval"] == list(metrics.f1_interval(gold(sample), found)[1:])
    assert scores["f1_interval"][0] < scores["f1"] < scores["f1_interval"][1]


def test_a_folder_says_how_its_model_came_about(sample: DatasetDict, tmp_path: Path) -> None:
    folder = written(tmp_path, sample, seed=7)
    report = model_folder.read_report(folder)
    assert report["settings"] == settings.load("offline", seed=7).to_dict()
    assert report["versions"]["transformers"] == transformers.__version__
    assert report["data"]["name"] == "sample"
    assert report["data"]["sentences"] == {"train": 350, "validation": 95, "test": 95}
    assert model_folder.read_tagger_options(folder) == OPTIONS
    assert model_folder.read_report(tmp_path / "nowhere") == {}


def test_the_card_says_to_people_and_to_the_hub_what_the_model_is(
    sample: DatasetDict, tmp_path: Path
) -> None:
    folder = written(tmp_path, sample, hub_model_id="me/tagger")
    report, card = model_folder.read_report(folder), ModelCard.load(folder / "README.md")
    told = card.data
    assert told.base_model == "sentence-transformers/all-MiniLM-L6-v2"
    assert (told.language, told.license, told.datasets) == ("en", "apache-2.0", None)
    assert told.pipeline_tag == "token-classification"
    assert told.model_name == "me/tagger"
    assert {result.metric_type: result.metric_value for result in told.eval_results} == {
        name: report["test"][name] for name in ("f1", "precision", "recall")
    }
    low, high = report["test"]["f1_interval"]
    for text in [
        'tagger = load_tagger("me/tagger")',
        "[pytorch] @ git+https://",
        "| name | sample |",
        "| language | en |",
        "| licence | apache-2.0 |",
        "| sentences | 350 for train, 95 for validation, 95 for test |",
        f"`{report['data']['fingerprint']}`",
        "Kept as pretrained: the subword embeddings and the lowest 2 layers.",
        f"| all | {report['test']['precision']:.3f} |",
        f"interval of F1 over all entities is {low:.3f} to {high:.3f}",
        f"{report['date']}; python ",
        f"transformers {transformers.__version__}",
    ]:
        assert text in card.text
    rows = [line for line in card.text.splitlines() if line.startswith("| location |")]
    scores = report["test"]["types"]["location"]
    assert rows == [
        f"| location | {scores['precision']:.3f} | {scores['recall']:.3f} | {scores['f1']:.3f} "
        f"| {scores['support']} |"
    ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"freeze_embeddings": False, "frozen_layers": 0}, "Kept as pretrained: nothing."),
        ({"dataset": "wnut_17"}, "datasets:\n- wnut_17"),
        ({"dataset": "wnut_17"}, "| licence | cc-by-4.0 |"),
        ({"dataset": "me/tweets"}, "datasets:\n- me/tweets"),
        ({"dataset": "me/tweets"}, "| language | not recorded |"),
        ({"model": "someone/encoder"}, "base_model: someone/encoder"),
        ({"model": "someone/encoder"}, "`someone/encoder`, fine-tuned"),
    ],
)
def test_the_card_follows_the_settings(
    chosen: dict[str, Any], expected: str, sample: DatasetDict, tmp_path: Path
) -> None:
    card = ModelCard.load(written(tmp_path, sample, **chosen) / "README.md")
    assert expected in card.content


def test_the_card_of_german_data_names_no_language_and_no_folder_of_the_author(
    german: Path, tmp_path: Path
) -> None:
    files = {split: str(german / f"{split}.conll") for split in GERMAN}
    sources: list[tuple[str | dict[str, str], str]] = [
        (str(german), "german"),
        (files, "train.conll, validation.conll, test.conll"),
    ]
    for source, name in sources:
        folder = written(tmp_path, data.load(source), dataset=source, model=str(german))
        card = ModelCard.load(folder / "README.md")
        assert str(german.parent) not in card.content
        assert "English" not in card.content
        assert card.data.language is None
        assert card.data.base_model is None
        assert f"| name | {name} |" in card.text
        assert "It knows the types\norg, place." in card.text


def other_data(dataset: DatasetDict) -> Iterator[DatasetDict]:
    """Give data that differ from these in a word, a tag, an order, a split."""
    train, test = dataset["train"], dataset["test"]
    for column in ("tokens", "ner_tags"):
        changed = [list(row) for row in train[column]]
        changed[3][0] = "x" if column == "tokens" else changed[3][0] + 1
        yield DatasetDict(
            dataset,
            train=train.remove_columns(column).add_column(
                column, changed, feature=train.features[column]
            ),
        )
    yield DatasetDict(dataset, train=train.select(range(len(train) - 1)))
    yield DatasetDict(dataset, train=train.select(range(len(train) - 1, -1, -1)))
    yield DatasetDict(dataset, train=test, test=train)


def test_a_model_knows_the_data_it_was_trained_on(
    sample: DatasetDict, german: Path, tmp_path: Path
) -> None:
    assert model_folder.trained_on(tmp_path, sample) is None
    folder = written(tmp_path, sample)
    assert model_folder.trained_on(folder, data.load("sample")) is True
    others = [data.load(str(german)), data.load("sample", max_sentences=90), *other_data(sample)]
    assert [model_folder.trained_on(folder, other) for other in others] == [False] * 7


PUSH = """
from pathlib import Path
from helpers import model_folder, settings
run = settings.load("offline", **{given!r})
push = lambda: model_folder.push(Path({folder!r}), run)
problem = message(push)
report([problem, push() if problem == "no error" else None])
"""
FILES = {"config.json": b"{}", "metrics.json": b"{}", "model.safetensors": b"weights" * 1000}
FILES |= {"README.md": b"---\nlibrary_name: transformers\n---\n# A tagger\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trained model, as far as uploading goes."""
    made = tmp_path / "04_tensorflow_finetuning" / "model"
    made.mkdir(parents=True)
    for name, content in FILES.items():
        (made / name).write_bytes(content)
    return made


def test_a_push_creates_a_repository_with_the_files_and_leaves_no_token(
    folder: Path, tmp_path: Path
) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    with StandInHub() as hub:
        program = PUSH.format(given={}, folder=str(folder))
        name = "someone/offline-04_tensorflow_finetuning"
        found = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert found == ["no error", f"{hub.endpoint}/{name}"]
        assert hub.files(name) == FILES
        assert name not in hub.private

        private = PUSH.format(
            given={"hub_private": True, "hub_model_id": "someone/mine"}, folder=str(folder)
        )
        hub.python(private, home=tmp_path / "home", logged_in=True)
        assert hub.private == {"someone/mine"}
        assert hub.files("someone/mine") == FILES
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and holds(path, hub)]


def holds(path: Path, hub: StandInHub) -> bool:
    return hub.token.encode() in path.read_bytes()


def test_a_push_that_was_cut_off_is_done_by_the_next(folder: Path, tmp_path: Path) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    name = "someone/offline-04_tensorflow_finetuning"
    program = PUSH.format(given={}, folder=str(folder))
    with StandInHub() as hub:
        hub.drop = "/commit/"
        problem, _ = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert problem != "no error"
        assert hub.files(name) == {}  # nothing until all of it is there
        assert [request for request in hub.requests if request.startswith("PUT")]

        hub.drop = None
        hub.requests.clear()
        assert hub.python(program, home=tmp_path / "home", logged_in=True)[0] == "no error"
        assert hub.files(name) == FILES
        assert not [request for request in hub.requests if request.startswith("PUT")]


def test_a_push_that_may_not_be_is_refused(folder: Path, tmp_path: Path) -> None:
    """Takes seconds: each of two processes imports the Hub's client."""
    given = {"hub_private": True, "hub_model_id": "someone/seen"}
    program = PUSH.format(given=given, folder=str(folder))
    with StandInHub() as hub:
        hub.add("model", "someone/seen", {})
        problem, _ = hub.python(program, home=tmp_path / "home", logged_in=True)
        assert "hub_private=True, but" in problem
        assert "someone/seen already exists and is public; choose another hub_model_id" in problem
        assert hub.files("someone/seen") == {}

        absent = PUSH.format(given={"hub_model_id": "someone/new"}, folder=str(folder))
        problem, _ = hub.python(absent, home=tmp_path / "home")
        assert "401" in problem
        assert ("models", "someone/new") not in hub.commits


def test_how_a_tagger_uses_a_model_is_kept_in_its_folder(tmp_path: Path) -> None:
    assert model_folder.read_tagger_options(tmp_path) == TaggerOptions()
    model_folder.write_tagger_options(tmp_path, OPTIONS)
    assert model_folder.read_tagger_options(tmp_path) == OPTIONS


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"word_rules": {"tempo": 1}, "outside_bias": 0}',
        '{"word_rules": {}, "outside_bias": "x"}',
    ],
)
def test_another_tagger_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "tagger.json").write_text(content)
    with pytest.raises(
        ModelError, match="tagger.json does not say how .* remove it to use the def"
    ):
        model_folder.read_tagger_options(tmp_path)
