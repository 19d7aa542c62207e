"""The tagger, against Transformers' own pipeline and against windows taken one by one."""

import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from conftest import CORPUS, NAMES, byte_level, sentencepiece, tiny_model, wordpiece
from hypothesis import given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast, pipeline

from helpers import inference, models
from helpers.inference import Tagger

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


def pipeline_entities(tagger: Tagger, text: str) -> list[dict[str, Any]]:
    classify = pipeline(
        "token-classification",
        model=tagger.model,
        tokenizer=cast(PreTrainedTokenizerFast, tagger.tokenizer),
        aggregation_strategy="first",
        device="cpu",
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tokenizer does not support real words")
        entities: list[dict[str, Any]] = classify(text)
    return entities


@given(st.sampled_from(sorted(TAGGERS)), st.lists(texts, min_size=1, max_size=4))
def test_short_texts_equal_the_pipeline(name: str, batch: list[str]) -> None:
    tagger = TAGGERS[name]
    found = tagger(batch, batch_size=2)
    for text, entities in zip(batch, found, strict=True):
        if not text:  # the pipeline refuses an empty text
            assert entities == []
        elif len(tagger.tokenizer(text)["input_ids"]) <= 64:  # and cuts off what is longer
            assert entities == comparable(pipeline_entities(tagger, text))


def test_one_text_and_several_give_the_same_in_the_order_given() -> None:
    tagger = TAGGERS["wordpiece"]
    several = tagger([*CORPUS, *reversed(CORPUS)], batch_size=4)
    assert several[:3] == [comparable(tagger(text)) for text in CORPUS]
    assert several[3:] == [comparable(entities) for entities in reversed(several[:3])]
    assert any(several)


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_a_long_text_loses_nothing_at_the_seams(name: str) -> None:
    """Every subword's tag is what the model gives it in the window where it has most context."""
    tagger = TAGGERS[name]
    words = (" ".join(CORPUS) + " ").split() * 6
    tagged = tagger.tag_words([words])[0]
    assert len(tagged) == len(words)

    pieces = tagger.tokenizer(words, is_split_into_words=True, add_special_tokens=False)
    ids, word_ids = pieces["input_ids"], pieces.word_ids()
    room, stride = 62, tagger.stride
    starts = [0]
    while starts[-1] + room < len(ids):
        starts.append(starts[-1] + room - stride)
    firsts = [place for place, word in enumerate(word_ids) if word not in word_ids[:place]]
    expected = []
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
        expected.append(NAMES[int(logits.argmax())])
    assert tagged == expected


@pytest.mark.parametrize("name", sorted(TAGGERS))
def test_entities_of_a_long_text_are_whole_and_apart(name: str) -> None:
    text = " ".join(CORPUS * 6)
    entities = TAGGERS[name](text)
    assert entities[-1]["end"] > len(text) * 0.9
    for entity in entities:
        assert 0 <= entity["start"] < entity["end"] <= len(text)
    for one, other in pairwise(entities):
        assert one["end"] <= other["start"]


@given(
    st.lists(st.lists(st.sampled_from([w for w in PIECES if w.strip()]), max_size=90), max_size=3)
)
def test_every_word_gets_exactly_one_tag(sentences: list[list[str]]) -> None:
    tagger = TAGGERS["wordpiece"]
    tagged = tagger.tag_words(sentences, batch_size=2)
    assert [len(tags) for tags in tagged] == [len(words) for words in sentences]
    for words, tags in zip(sentences, tagged, strict=True):
        assert all(tag == "O" for word, tag in zip(words, tags, strict=True) if word == "\ufe0f")
        assert set(tags) <= set(NAMES)


def test_scores_of_words_are_probabilities_of_their_tags() -> None:
    tagger = TAGGERS["wordpiece"]
    scored = tagger.score_words([["the", "state", "\ufe0f"]])[0]
    assert [tag for tag, _ in scored] == tagger.tag_words([["the", "state", "\ufe0f"]])[0]
    assert all(1 / len(NAMES) <= score <= 1 for _, score in scored[:2])
    assert scored[2] == ("O", 0.0)


def test_no_text_gives_no_entities() -> None:
    tagger = TAGGERS["wordpiece"]
    assert tagger("") == [] == tagger("   ")
    assert tagger([]) == [] == tagger.tag_words([])
    assert tagger(["", " "]) == [[], []] == tagger.tag_words([[], []])


def test_a_saved_model_is_loaded_with_its_tags(tiny_model_dir: Path) -> None:
    tagger = inference.load_tagger(tiny_model_dir, device="cpu")
    assert tagger(CORPUS) == [comparable(found) for found in TAGGERS["wordpiece"](CORPUS)]


def test_what_is_not_text_is_refused() -> None:
    with pytest.raises(TypeError, match="text 1 is int, not a str: 3"):
        TAGGERS["wordpiece"](["a", 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="sentence 0 is a str; give a list of words"):
        TAGGERS["wordpiece"].tag_words(["a b"])


def test_a_missing_model_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(models.ModelError, match="run lesson 3 .* first, or give the name"):
        inference.load_tagger(tmp_path / "model")


def test_a_model_without_an_outside_tag_is_refused(tmp_path: Path) -> None:
    tokenizer: PreTrainedTokenizerFast = wordpiece()
    model = tiny_model(tokenizer)
    model.config.id2label = {index: f"LABEL_{index}" for index in range(len(NAMES))}
    model.config.label2id = {label: index for index, label in model.config.id2label.items()}
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(models.ModelError, match="and no 'O'; it was not trained to tag entities"):
        inference.load_tagger(tmp_path)
