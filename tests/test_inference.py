"""The tagger, against words and windows taken one by one."""

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import CORPUS, NAMES, byte_level, sentencepiece, tiny_model, wordpiece
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import processors

from helpers import hub, inference, model_folder, models, tagging, words
from helpers.decoding import Decoder
from helpers.inference import Tagger
from helpers.model_folder import TaggerOptions
from helpers.words import WordRules

TAGGERS = {
    make.__name__: Tagger(tiny_model(make()), make())
    for make in (wordpiece, byte_level, sentencepiece)
}
PIECES = [*" ".join(CORPUS).split(), "\ufe0f", "ü", "İ", "[SEP]", "😢Cry", "  ", "<&>"]
texts = st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join)


def comparable(entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**entity, "score": pytest.approx(float(entity["score"]), abs=1e-4)} for entity in entities
    ]


def one_by_one(tagger: Tagger, text: str) -> list[dict[str, Any]]:
    """The entities of a text that fits the model: its words, read at their first subwords."""
    offsets = words.cut(text)
    pieces = tagger.tokenizer(
        [text[start:end] for start, end in offsets], is_split_into_words=True, return_tensors="pt"
    )
    with torch.inference_mode():
        shares = tagger.model(**pieces).logits[0].softmax(dim=-1).numpy()
    word_ids = pieces.word_ids()
    read = [word in word_ids for word in range(len(offsets))]
    rows = np.array(
        [shares[word_ids.index(word)] if seen else shares[0] for word, seen in enumerate(read)]
    ).reshape(-1, len(NAMES))
    [tags] = Decoder(NAMES)(np.log(rows), np.array(read, dtype=bool), [len(offsets)])
    ids = [NAMES.index(tag) for tag in tags]
    return [
        {
            "entity_group": type_,
            "score": np.mean([rows[at, ids[at]] for at in range(first, last) if read[at]]),
            "word": text[offsets[first][0] : offsets[last - 1][1]],
            "start": offsets[first][0],
            "end": offsets[last - 1][1],
        }
        for type_, first, last in tagging.entity_spans(tags)
    ]


@given(st.sampled_from(sorted(TAGGERS)), st.lists(texts, min_size=1, max_size=4))
def test_the_words_of_a_text_are_read_as_in_training(name: str, batch: list[str]) -> None:
    tagger = TAGGERS[name]
    found = tagger(batch, batch_size=2)
    for text, entities in zip(batch, found, strict=True):
        if len(tagger.tokenizer(text)["input_ids"]) <= 48:  # it fits the model
            assert entities == comparable(one_by_one(tagger, text))


@pytest.mark.parametrize("name", sorted(TAGGERS))
@given(batch=st.lists(st.text(max_size=60), max_size=3))
@example(batch=["Ida\nOslo Oslo/Bergen (Ana's) U.S. Oslo."])
def test_an_entity_is_words_as_they_stand_in_the_text(name: str, batch: list[str]) -> None:
    for text, entities in zip(batch, TAGGERS[name](batch), strict=True):
        offsets = words.cut(text)
        for entity in entities:
            assert entity["word"] == text[entity["start"] : entity["end"]]
            assert entity["start"] in {start for start, _ in offsets}
            assert entity["end"] in {end for _, end in offsets}
            assert 0 < entity["score"] <= 1


def test_text_and_words_have_the_same_entities() -> None:
    tagger = TAGGERS["byte_level"]
    text = " ".join(CORPUS)
    offsets = words.cut(text)
    tags = tagger.tag_words([text[start:end] for start, end in offsets] for _ in range(1))[0]
    spans = [
        (type_, offsets[first][0], offsets[last - 1][1])
        for type_, first, last in tagging.entity_spans(tags)
    ]
    assert [(e["entity_group"], e["start"], e["end"]) for e in tagger(text)] == spans


def test_one_text_and_several_give_the_same_in_the_order_given() -> None:
    tagger = TAGGERS["wordpiece"]
    several = tagger([*CORPUS, *reversed(CORPUS)], batch_size=4)
    assert several[:3] == [comparable(tagger(text)) for text in CORPUS]
    assert several[3:] == [comparable(entities) for entities in reversed(several[:3])]
    assert any(several)


def test_entities_below_a_score_are_left_out() -> None:
    tagger = TAGGERS["wordpiece"]
    everything = tagger(CORPUS)
    chosen = tagger(CORPUS, min_score=0.5)
    assert chosen == [
        [comparable([entity])[0] for entity in entities if entity["score"] >= 0.5]
        for entities in everything
    ]
    assert 0 < sum(map(len, chosen)) < sum(map(len, everything))
    assert tagger(CORPUS[0], min_score=0.5) == comparable(chosen[0])
    assert tagger(CORPUS, min_score=1.1) == [[], [], []]


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_a_long_text_loses_nothing_at_the_seams(name: str) -> None:
    """Every subword's tag is what the model gives it in the window where it has most context."""
    tagger = TAGGERS[name]
    sentence = (" ".join(CORPUS) + " ").split() * 6
    tagged = tagger.tag_words([sentence])[0]
    assert len(tagged) == len(sentence)

    pieces = tagger.tokenizer(sentence, is_split_into_words=True, add_special_tokens=False)
    ids, word_ids = pieces["input_ids"], pieces.word_ids()
    room, stride = 62, tagger.stride
    starts = [0]
    while starts[-1] + room < len(ids):
        starts.append(starts[-1] + room - stride)
    firsts = [place for place, word in enumerate(word_ids) if word not in word_ids[:place]]
    rows = []
    for place in firsts:
        holding = [start for start in starts if start <= place < start + room]
        best = max(
            holding,
            key=lambda start: (
                min(place - start, min(start + room, len(ids)) - 1 - place),
                -start,
            ),
        )
        window = ids[best : best + room]
        whole = [tagger.tokenizer.cls_token_id, *window, tagger.tokenizer.sep_token_id]
        with torch.inference_mode():
            logits = tagger.model(input_ids=torch.tensor([whole])).logits[0, place - best + 1]
        rows.append(logits.log_softmax(dim=-1).numpy())
    assert [tagged] == Decoder(NAMES)(np.array(rows), np.ones(len(rows), dtype=bool), [len(rows)])


def test_a_batch_holds_as_much_as_suits_the_processor() -> None:
    shapes: list[tuple[int, int]] = []

    class Watched(Tagger):
        def _logits(self, inputs: dict[str, Any]) -> Any:
            shapes.append(inputs["input_ids"].shape)
            return super()._logits(inputs)

    tagger = Watched(TAGGERS["wordpiece"].model, TAGGERS["wordpiece"].tokenizer)
    texts = [" ".join(CORPUS * (at % 5)) for at in range(200)]
    found = tagger(texts)
    batches = [*shapes]
    shapes.clear()
    assert found == [comparable(entities) for entities in tagger(texts, batch_size=1)]
    assert sum(rows for rows, _ in batches) == len(shapes)  # each window once
    for (rows, width), (_, next_width) in pairwise(batches):
        assert rows * width <= 768 < (rows + 1) * width
        assert next_width <= width


@given(
    st.lists(st.lists(st.sampled_from([w for w in PIECES if w.strip()]), max_size=90), max_size=3)
)
def test_every_word_gets_exactly_one_tag_and_tags_form_entities(sentences: list[list[str]]) -> None:
    tagger = TAGGERS["wordpiece"]
    tagged = tagger.tag_words(sentences, batch_size=2)
    assert [len(tags) for tags in tagged] == [len(sentence) for sentence in sentences]
    for sentence, tags in zip(sentences, tagged, strict=True):
        assert set(tags) <= set(NAMES)
        assert all(tagging.may_follow(before, tag) for before, tag in pairwise(["O", *tags, "O"]))
        for word, tag in zip(sentence, tags, strict=True):
            assert word != "\ufe0f" or tag[0] in "IO"


def test_scores_of_words_are_probabilities_of_their_tags() -> None:
    tagger = TAGGERS["wordpiece"]
    sentence = ["the", "state", "\ufe0f"]
    scored = tagger.score_words([sentence])[0]
    assert [tag for tag, _ in scored] == tagger.tag_words([sentence])[0]
    logs, read = tagger.log_probabilities([sentence])
    assert read.tolist() == [True, True, False]
    np.testing.assert_allclose(np.exp(logs[:2]).sum(axis=1), 1, rtol=1e-5)
    for number, (tag, probability) in enumerate(scored[:2]):
        assert probability == pytest.approx(np.exp(logs[number, NAMES.index(tag)]))
    assert scored[2] == ("O", 0.0)


def test_no_text_gives_no_entities() -> None:
    tagger = TAGGERS["wordpiece"]
    assert tagger("") == [] == tagger("   ")
    assert tagger([]) == [] == tagger.tag_words([])
    assert tagger(["", " "]) == [[], []] == tagger.tag_words([[], []])


def test_a_tokenizer_without_special_tokens_takes_empty_texts() -> None:
    tokenizer = wordpiece()
    tokenizer.backend_tokenizer.post_processor = processors.Sequence([])
    tagger = Tagger(tiny_model(wordpiece()), tokenizer)
    assert tagger(["", "\ufe0f"]) == [[], []]
    assert tagger(["", CORPUS[0]])[1] == [comparable([one])[0] for one in tagger(CORPUS[0])]
    assert tagger.tag_words([[], ["\ufe0f"], ["the"]])[:2] == [[], ["O"]]


def test_a_saved_model_is_loaded_with_its_tags(tiny_model_dir: Path) -> None:
    tagger = inference.load_tagger(tiny_model_dir, device="cpu", precision="fp32")
    assert tagger(CORPUS) == [comparable(found) for found in TAGGERS["wordpiece"](CORPUS)]


def test_a_model_is_used_as_its_folder_says(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model_dir, folder)
    text = "san-francisco state-walk"
    before = inference.load_tagger(folder, device="cpu")
    assert {e["word"] for e in before(text)} <= {"san-francisco", "state-walk", text}
    options = TaggerOptions(WordRules(inside=""), outside_bias=-100)
    model_folder.write_tagger_options(folder, options)
    after = inference.load_tagger(folder, device="cpu")
    assert after.version != before.version
    pieces = {piece for entity in after(text) for piece in re.findall(r"\w+|-", entity["word"])}
    assert pieces == {"san", "francisco", "state", "walk", "-"}  # nothing is outside
    assert any(text[entity["end"] : entity["end"] + 1] == "-" for entity in after(text))


def test_texts_and_words_come_in_any_container() -> None:
    tagger = TAGGERS["wordpiece"]
    expected = [comparable(entities) for entities in tagger(CORPUS)]
    series = pd.Series(CORPUS, index=["x", "x", "y"])
    for texts in (tuple(CORPUS), (text for text in CORPUS), series, np.array(CORPUS)):
        assert tagger(texts) == expected
    assert tagger(np.array(CORPUS)[0]) == expected[0]
    sentences = [text.split() for text in CORPUS]
    tags = tagger.tag_words(sentences)
    assert tagger.tag_words(np.array(sentence) for sentence in sentences) == tags
    assert tagger.tag_words(pd.Series(sentences, index=[3, 1, 2])) == tags


NO_TEXTS: dict[str, Any] = {
    "text 1 is int, not a str: 3": ["a", 3],
    "text 1 is float, not a str: nan": pd.Series(["a", np.nan], index=[7, 8]),
    "text 0 is bytes, not a str: b'a'": [b"a"],
    "text 0 is ndarray, not a str": np.array([["a", "b"]]),
    "texts is bytes; give a list of str": b"a",
    "texts is dict; give a list of str": {"a": "b"},
    "texts is DataFrame; give a list of str": pd.DataFrame({"text": ["a"]}),
    "texts is NoneType; give a list of str": None,
    "text 1 has half a character, a surrogate without its other half, at 2": ["a", "bc\ud800"],
}
NO_WORDS: dict[str, Any] = {
    "sentences is a str; give a list of lists": "a b",
    "sentences is int; give a list of lists": 3,
    "sentence 1 is a str; give a list of words, or call": [["a"], "a b"],
    "sentence 1 is NoneType; give a list of str": [["a"], None],
    "word 1 of sentence 0 is float, not a str: nan": [["a", float("nan")]],
    "word 0 of sentence 1 has half a character": [[], ["\udc00"]],
}


@pytest.mark.parametrize("message", NO_TEXTS)
def test_what_is_not_text_is_refused(message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        TAGGERS["wordpiece"](NO_TEXTS[message])


@pytest.mark.parametrize("message", NO_WORDS)
def test_what_is_not_words_is_refused(message: str) -> None:
    for tag in (TAGGERS["wordpiece"].tag_words, TAGGERS["wordpiece"].score_words):
        with pytest.raises(TypeError, match=re.escape(message)):
            tag(NO_WORDS[message])


def test_a_missing_model_says_how_to_get_one(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    missing: list[str | Path] = [
        folder,
        str(folder),
        Path("no/model"),
        "./no/model",
        "no/such/model",
    ]
    for model in missing:
        with pytest.raises(models.ModelError) as refused:
            inference.load_tagger(model)
        assert str(refused.value).startswith(
            f"there is no trained model in {model}; run lesson 3 "
            "(notebooks/03_trainer_finetuning.ipynb) with the same profile first, or give the "
            "name of a fine-tuned model on the Hub"
        )


@pytest.mark.parametrize("name", ["runs/model", "model"])
def test_a_name_that_may_be_on_the_hub_is_looked_for_there(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object, **__: object) -> Path:
        raise FileNotFoundError("no such model")

    monkeypatch.setattr(hub, "download", absent)
    with pytest.raises(models.ModelError, match="^no such model; for a model of your own, run"):
        inference.load_tagger(name)


def test_a_model_tags_by_its_id2label_alone(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model_dir, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["label2id"]
    config["id2label"] = {
        index: label.replace("B-", "B_").replace("I-", "I_")
        for index, label in config["id2label"].items()
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ours = inference.load_tagger(folder, device="cpu").tag_words([CORPUS[0].split()])
    assert ours == inference.load_tagger(tiny_model_dir, device="cpu").tag_words(
        [CORPUS[0].split()]
    )
    assert {*ours[0]} - {"O"}
