"""What the lesson says of few labels, of one frozen model for many tasks, of students."""

import functools
import gc
import os

import numpy as np
import pytest

import tlcourse as tl
from tests.helpers import CACHED_WEIGHTS, defined, interval, load_backbone
from tests.lessons.measured import flat
from tlcourse import few_shot
from tlcourse.language import texts
from tlcourse.quiet import import_keras

RESTS_ON = (
    "few_shot", "language/bert", "language/multilingual", "language/safetensors",
    "language/texts", "language/wordpiece",
)  # fmt: skip
SHOTS = (1, 2, 5, 10)
LITE0, PX = "EfficientNet-Lite0", 96
# Data set, domain, ways, and which of the bundled sources is near.
TASKS = {
    "faces": ("faces", None, 2, "imagenet_distilled"),
    "printed digits": ("digits", "fonts", 5, "glyphs"),
    "handwritten digits": ("digits", "handwritten", 5, "glyphs"),
    "apples": ("apples", "studio", 5, "imagenet_distilled"),
}


@functools.cache
def backbone(source):
    if source == LITE0:
        return tl.backbones.load(input_size=PX)
    return load_backbone(source)


def load(task):
    name, domain, *_ = TASKS[task]
    return tl.datasets.load(name, domain=domain)


def seen(images, see):
    """Features, or pixels: those of apples (64 px) every second one."""
    if see == "pixels":
        return flat(images[:, ::2, ::2] if images.shape[1] > 32 else images) / 255
    return backbone(see).features(images)


@functools.lru_cache(maxsize=4)
def view(task, see):
    """What a task's train and test pictures look like."""
    whole = load(task)
    return [seen(split.images, see) for split in (whole.train, whole.test)]


# --- episodes -------------------------------------------------------------------------


def plain_linear(support, labels, queries):
    """Logistic regression on features scaled by one number, not each by its own."""
    from sklearn.linear_model import LogisticRegression

    said = []
    for few, new in zip(support, queries, strict=True):
        size = np.linalg.norm(few - few.mean(axis=0), axis=1).mean() / 10
        head = LogisticRegression(max_iter=500).fit(few / size, labels)
        said.append(head.predict(new / size))
    return np.stack(said)


METHODS = {
    "nearest centroid": few_shot.nearest_centroid,
    "cosine head": few_shot.cosine_head,
    "linear probe": few_shot.linear_probe,
    "linear, not standardised": plain_linear,
}


def measure_shots(seed, task):
    """Mean accuracy over 100 episodes, by what is seen, method and shots."""
    whole, (_, _, ways, near) = load(task), TASKS[task]
    rows = []
    for see in ("pixels", near, LITE0):
        train, test = view(task, see)
        for method, classify in METHODS.items():
            for shots in SHOTS:
                right = few_shot.accuracies(
                    train, test, whole, classify, ways=ways, shots=shots, seed=seed
                )
                rows.append({
                    "task": task, "sees": see, "method": method, "shots": shots,
                    "value": float(right.mean()),
                })  # fmt: skip
    return rows


EPISODES = 5  # of fine-tuning; a part is a task and its shots
TUNED = [f"{task}, {shots}" for shots in SHOTS for task in TASKS]


def measure_tuned(seed, part):
    """Fine-tuning, as in lesson 04, and a nearest centroid on the same episodes."""
    task, shots = part.split(", ")
    whole, (_, _, ways, near) = load(task), TASKS[task]
    net, options = backbone(near), {"ways": ways, "shots": int(shots)}
    plans = [tl.FreezePlan.features(net), tl.FreezePlan.all(net, body_rate=3e-4)]
    right = []
    for k in range(EPISODES):
        drawn = few_shot.episode(whole, **options, seed=[seed, k])
        run = tl.transfer(
            net, few_shot.as_task(whole, drawn), plans, [20, 20], seed,
            validate=False, show_progress=False,
        )  # fmt: skip
        right.append(run.test_accuracy)
    tl.backbones.free_memory()
    same = few_shot.accuracies(
        *view(task, near), whole, **options, episodes=EPISODES, seed=seed
    )
    found = {"fine-tuning": np.mean(right), "nearest centroid": same.mean()}
    return [
        {"task": task, "shots": int(shots), "method": method, "value": float(value)}
        for method, value in found.items()
    ]


# --- cats and dogs: a better backbone -------------------------------------------------

PETS = CACHED_WEIGHTS.parent / "pictures" / "cats_and_dogs"
PET_BACKBONES = {
    "distilled MobileNet": {"name": "mobilenet", "source": "imagenet_distilled"},
    "EfficientNet-Lite0": {},
    "MobileNetV2": {"name": "mobilenetv2"},
}


@functools.cache
def of_pets(name):
    """Features of all pictures, those of one backbone, and their labels."""
    task = tl.datasets.from_folder(PETS, val=0, test=0)
    if name == "pixels":
        small = tl.backbones.resized(task.train.images, 32)
        return flat(small) / 255, task.train.labels
    home = os.environ.get("KERAS_HOME")
    os.environ["KERAS_HOME"] = str(CACHED_WEIGHTS)
    try:
        network = tl.backbones.load(**PET_BACKBONES[name])
    finally:
        os.environ.pop("KERAS_HOME")
        os.environ.update({"KERAS_HOME": home} if home else {})
    return network.features(task.train.images), task.train.labels


def measure_pets(seed, name):
    """Two ways; each seed splits the pictures anew, half to draw from, half to test."""
    x, labels = of_pets(name)
    classes = [
        np.random.default_rng([seed, k]).permutation(np.flatnonzero(labels == k))
        for k in (0, 1)
    ]
    splits = {"val": (x[:0], labels[:0])}
    for split, part in (("train", slice(50)), ("test", slice(50, None))):
        rows = np.concatenate([each[part] for each in classes])
        splits[split] = x[rows], labels[rows]
    task = tl.datasets.Task(
        "pets", ("cat", "dog"),
        **{k: tl.datasets.Split(*each) for k, each in splits.items()},
    )  # fmt: skip
    return [
        {
            "sees": name, "method": method, "shots": shots,
            "value": float(few_shot.accuracies(
                splits["train"][0], splits["test"][0], task, METHODS[method],
                ways=2, shots=shots, seed=seed,
            ).mean()),
        }
        for method in ("nearest centroid", "linear probe")
        for shots in SHOTS
    ]  # fmt: skip


# --- one frozen model, many targets ---------------------------------------------------

TARGETS = {
    "faces": ("faces", None), "tissue": ("tissue", None), "photos": ("photos", None),
    "handwritten digits": ("digits", "handwritten"),
    "printed digits": ("digits", "fonts"), "apples, studio": ("apples", "studio"),
    "apples, orchard": ("apples", "orchard"),
}  # fmt: skip


def measure_targets(seed, target):
    """All classes, five labels of each; a nearest centroid and the linear probe."""
    name, domain = TARGETS[target]
    task = tl.datasets.load(name, per_class=5, domain=domain, seed=seed)
    rows = []
    for see in ("pixels", "glyphs", "imagenet_distilled", LITE0):
        few, new = seen(task.train.images, see), seen(task.test.images, see)
        said = {
            "nearest centroid": few_shot.nearest_centroid(few, task.train.labels, new),
            "linear probe": tl.probes.linear_probe()
            .fit(few, task.train.labels)
            .predict(new),
        }
        rows += [
            {
                "target": target, "sees": see, "method": method,
                "value": float((labels == task.test.labels).mean()),
            }
            for method, labels in said.items()
        ]  # fmt: skip
    return rows


# --- sentences ------------------------------------------------------------------------

BERT, SIXTEEN, COUNTS = "BERT", "16 languages", "word counts"
LIKED, ABOUT = ("negative", "positive"), ("a film", "a book")
# The sentence of each class, in three wordings; fixed before anything was measured.
WORDS = {
    "film reviews": [
        ("This is a negative review.", "This is a positive review."),
        ("I did not like it.", "I liked it."),
        ("A terrible film.", "A wonderful film."),
    ],
    "film or book": [
        ("This is about a film.", "This is about a book."),
        ("The review of a film.", "The review of a book."),
        ("We saw it in the cinema.", "I read it to the last page."),
    ],
    "book reviews, French": [
        ("This is a negative review.", "This is a positive review."),
        ("I did not like it.", "I liked it."),
        ("A terrible book.", "A wonderful book."),
    ],
    "irony": [
        ("They mean what they say.", "This is irony."),
        ("An honest review.", "An ironic review."),
        ("A plain opinion.", "Sarcasm."),
    ],
}


@functools.cache
def sentences(about):
    """Texts and labels of a task."""
    films, books = texts.load("film_reviews"), texts.load("book_reviews")
    if about == "film reviews":
        some = films[films.kinds == "plain"]
        return some.texts, some.labels
    if about == "book reviews, French":
        some = books[books.kinds == "plain"]
        return some.texts, some.labels
    if about == "film or book":
        both = films.texts, books.english[books.english != ""]
        return np.concatenate(both), np.repeat([0, 1], [len(each) for each in both])
    negative = films[(films.labels == 0) & np.isin(films.kinds, ["plain", "irony"])]
    return negative.texts, (negative.kinds == "irony").astype(int)


@functools.cache
def encoded(encoder):
    """Vectors of unit length by text, of all texts and of the classes' sentences."""
    from tlcourse.language import bert, multilingual

    model, tokenizer = (bert if encoder == BERT else multilingual).load()
    wanted = [text for about in WORDS for text in sentences(about)[0]]
    wanted += [each for pairs in WORDS.values() for pair in pairs for each in pair]
    wanted = list(dict.fromkeys(wanted))
    found = model.predict(tokenizer.encode(wanted), batch_size=64, verbose=0)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return dict(zip(wanted, found, strict=True))


def draws(labels, seed, shots=10):
    """Twenty draws: ten texts of each class to learn from, and as many to test on."""
    for k in range(20):
        rng = np.random.default_rng([seed, k])
        each = [rng.permutation(np.flatnonzero(labels == c)) for c in (0, 1)]
        new = min(len(rows) for rows in each) - shots
        yield (
            [rows[:shots] for rows in each],
            np.concatenate([rows[shots : shots + min(new, 40)] for rows in each]),
        )


def measure_words(seed, about):
    """Three wordings without a label, then centroids of a few, on the same texts."""
    some, labels = sentences(about)
    right = {}
    for few, new in draws(labels, seed):
        for sees in (BERT, SIXTEEN, COUNTS):
            for way, said in answers(about, sees, some, few, new):
                right.setdefault((sees, *way), []).append(np.mean(said == labels[new]))
    return [
        {"task": about, "sees": sees, "way": way, "shots": shots,
         "value": float(np.mean(values))}
        for (sees, way, shots), values in right.items()
    ]  # fmt: skip


def answers(about, sees, some, few, new):
    """Ways as (name, shots), and the labels that they give to new texts."""
    if sees == COUNTS:
        for shots in SHOTS:
            rows = np.concatenate([each[:shots] for each in few])
            model = texts.word_counts().fit(some[rows], np.repeat([0, 1], shots))
            yield ("labels", shots), model.predict(some[new])
        return
    vectors = encoded(sees)
    x = np.stack([vectors[text] for text in some[new]])
    for number, pair in enumerate(WORDS[about]):
        classes = np.stack([vectors[text] for text in pair])
        yield (f"words {number + 1}", 0), (x @ classes.T).argmax(axis=1)
    for shots in SHOTS:
        rows = np.concatenate([each[:shots] for each in few])
        known = np.stack([vectors[text] for text in some[rows]])
        learnt = np.repeat([0, 1], shots)
        yield ("labels", shots), few_shot.nearest_centroid(known, learnt, x)


# --- a student ------------------------------------------------------------------------


STUDENTS = ("teacher", "50 labels", "soft answers", "first choices", "all labels")
STUDENTS += ("50 labels, linear",)


def measure_student(seed, way):
    """Test accuracy on handwritten digits with five labels of each; see the lesson."""
    own = defined("few_labels", "student", "teach", "head_on")
    keras, glyphs = import_keras(), backbone("glyphs")
    few = tl.datasets.load("digits", per_class=5, seed=seed).train
    pool, test = (getattr(tl.datasets.load("digits"), s) for s in ("train", "test"))
    if way == "50 labels, linear":
        probe = tl.probes.linear_probe().fit(flat(few.images), few.labels)
        return scored(way, probe.predict(flat(test.images)), test)
    head = own["head_on"](glyphs.features(few.images), few.labels, seed)
    if way == "teacher":
        said = head.predict(glyphs.features(test.images), verbose=0).argmax(axis=1)
        return scored(way, said, test)
    logits = head.predict(glyphs.features(pool.images), verbose=0)
    images, answers = {
        "50 labels": (few.images, np.eye(10)[few.labels]),
        "soft answers": (pool.images, np.array(keras.ops.softmax(logits / 2))),
        "first choices": (pool.images, np.eye(10)[logits.argmax(axis=1)]),
        "all labels": (pool.images, np.eye(10)[pool.labels]),
    }[way]
    pupil = own["student"](seed)
    own["teach"](pupil, images, answers)
    said = pupil.predict(test.images, verbose=0).argmax(axis=1)
    return scored(way, said, test)


def scored(way, said, test):
    return [{"way": way, "value": float((said == test.labels).mean())}]


# --- LoRA -----------------------------------------------------------------------------

TRAINED = ("head", "LoRA", "all blocks")


def measure_lora(seed, way):
    """Apples, ten per class, on the distilled MobileNet; see the lesson."""
    own = defined("few_labels", "LowRank", "with_lora", "train")
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    base = tl.backbones.load("mobilenet", source="imagenet_distilled").model
    task = tl.datasets.load("apples", per_class=10, seed=seed)
    base.trainable = False
    model = own["train"](base, task.train, 1e-2, 20)
    if way == "LoRA":
        adapted = own["with_lora"](base, 4)
        model = own["train"](adapted, task.train, 3e-3, 10, head=model.layers[-1])
    elif way == "all blocks":
        for layer in base.layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
        model = own["train"](base, task.train, 3e-4, 10, head=model.layers[-1])
    said = model.predict(task.test.images / 127.5 - 1, verbose=0).argmax(axis=1)
    tl.backbones.free_memory()
    return scored(way, said, task.test)


# --- what the lesson says -------------------------------------------------------------


@pytest.fixture(scope="module")
def shots(evidence):
    return evidence("few_labels.shots", measure_shots, parts=tuple(TASKS))


@pytest.fixture(scope="module")
def tuned(evidence):
    return evidence("few_labels.tuned", measure_tuned, parts=tuple(TUNED))


@pytest.fixture(scope="module")
def pets(evidence):
    if not PETS.is_dir():
        pytest.skip("no photographs of cats and dogs here")
    parts = ("EfficientNet-Lite0", "distilled MobileNet", "MobileNetV2", "pixels")
    return evidence("few_labels.pets", measure_pets, parts=parts)


@pytest.fixture(scope="module")
def targets(evidence):
    return evidence("few_labels.targets", measure_targets, parts=tuple(TARGETS))


@pytest.fixture(scope="module")
def words(evidence):
    return evidence("few_labels.words", measure_words, parts=tuple(WORDS))


@pytest.fixture(scope="module")
def students(evidence):
    return evidence("few_labels.students", measure_student, parts=STUDENTS)


@pytest.fixture(scope="module")
def lora(evidence):
    return evidence("few_labels.lora", measure_lora, parts=TRAINED)


def test_a(shots, targets):
    pass


def test_b(words, students, lora):
    pass


def test_c(pets):
    pass


def test_d(tuned):
    pass
