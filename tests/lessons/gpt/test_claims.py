"""What the lesson says: prompts, examples in them, probes by depth, where it fails."""

import functools
import gc

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import tlcourse as tl
from tests.helpers import interval
from tlcourse.language import texts as reviews

RESTS_ON = (
    "language/gpt", "language/byte_pairs", "language/gguf", "language/texts",
    "language/bert", "language/wordpiece", "language/safetensors",
)  # fmt: skip
PROMPT = "Review: {}\nSentiment:"
PROMPTS = {
    "Review … Sentiment:": PROMPT,
    "… The review is": "{}\nThe review is",
    "positive or negative? It is": "Film review: {}\n"
    "Is this review positive or negative? It is",
    "positive or negative? Answer:": "Review: {}\n"
    "Is the review positive or negative?\nAnswer:",
    "as in a chat": "<|im_start|>user\nIs this film review positive or negative? "
    "Answer with one word.\n{}<|im_end|>\n<|im_start|>assistant\nThe review is",
}
WORDS = [" positive", " negative"]
EMPTY = {  # texts without an opinion; the first is one of Zhao et al. (2021)
    "minus N/A": "N/A",
    "minus a neutral review": "The film starts at eight and lasts two hours.",
}
BLOCKS, BEST = (1, 7, 13, 19, 25, 30), 25
LABELS, MOST = (5, 20, 100), 100
SHOTS, DRAWS = (0, 2, 4), ("first draw", "second draw")


@functools.cache
def loaded():
    from tlcourse.language import gpt

    return gpt, *gpt.load()


def outspoken(seed):
    """Plain reviews to draw from, plain ones to test on, and the test's other kinds."""
    pool, test = reviews.split(reviews.load("film_reviews"), seed=seed)
    plain = test.kinds == "plain"
    others, test = test[~plain], test[plain]
    return pool[pool.kinds == "plain"], test, others


def leanings(prompt, texts):
    """How much more probable ' positive' is than ' negative', in logarithms."""
    gpt, model, tokenizer = loaded()
    filled = [prompt.replace("{}", text) for text in texts]
    scores = gpt.next_word_scores(model, tokenizer, filled, WORDS)
    return scores[:, 0] - scores[:, 1]


def ways_to_read(prompt, test):
    """Accuracy as it is and calibrated, and what no border changes, by name."""
    all_of_them = leanings(prompt, [*EMPTY.values(), *test.texts])
    empty, leaning = np.split(all_of_them, [len(EMPTY)])
    borders = {"as it is": 0, **dict(zip(EMPTY, empty, strict=True))}
    borders["halved at the median"] = np.median(leaning)
    found = {
        name: np.mean((leaning > border) == test.labels)
        for name, border in borders.items()
    }
    found["pairs in order"] = roc_auc_score(test.labels, leaning)
    found["called positive"] = np.mean(leaning > 0)
    return {name: float(value) for name, value in found.items()}


def measure_prompts(seed, name):
    _, test, _ = outspoken(seed)
    return [
        {"prompt": name, "read": way, "value": value}
        for way, value in ways_to_read(PROMPTS[name], test).items()
    ]


def with_examples(pool, count, rng):
    """The prompt with some examples before it, half of them positive, shuffled."""
    if not count:
        return PROMPT
    some = reviews.draw(pool, count // 2, seed=int(rng.integers(2**31)))
    shown = [
        PROMPT.replace("{}", some.texts[row]) + WORDS[1 - some.labels[row]] + "\n\n"
        for row in rng.permutation(count)
    ]
    return "".join(shown) + PROMPT


def measure_examples(seed, draw):
    pool, test, _ = outspoken(seed)
    rng, rows = np.random.default_rng([seed, DRAWS.index(draw)]), []
    for count in SHOTS:
        read = ways_to_read(with_examples(pool, count, rng), test)
        rows += [
            {"examples": count, "draw": draw, "read": way, "value": value}
            for way, value in read.items()
        ]
    return rows


@functools.cache
def read_all(seed):
    """Learnt from and tested on: (texts, features by way, GPT's leaning)."""
    pool, plain, others = outspoken(seed)
    return [
        (some, *what_gpt_holds(some.texts))
        for some in (reviews.draw(pool, MOST, seed=seed), plain, others)
    ]


def what_gpt_holds(texts):
    """Features of each block, and how far the prompt's answer leans to positive."""
    gpt, model, tokenizer = loaded()
    prompted = [PROMPT.replace("{}", text) for text in texts]
    features = gpt.hidden(model, tokenizer, prompted, BLOCKS, pool="last")
    words = [tokenizer.encode(word)[0] for word in WORDS]
    scores = [model.next_scores(each[None])[0, words] for each in features[BLOCKS[-1]]]
    return features, np.subtract(*np.transpose(scores))


def measure_depth(seed):
    """Accuracy, by block, of a linear probe that learnt plain reviews."""
    (train, learnt, _), (plain, unseen, _), (others, hard, _) = read_all(seed)
    hints, rows = others.kinds == "hint", []
    for count in LABELS:
        few = slice(0, 2 * count)  # a draw's beginning is the smaller draw
        for block in BLOCKS:
            probe = tl.probes.linear_probe().fit(learnt[block][few], train.labels[few])
            scores = {
                "plain": probe.score(unseen[block], plain.labels),
                "hint": probe.score(hard[block][hints], others.labels[hints]),
            }
            rows += [
                {"block": block, "per_class": count, "kind": kind, "value": float(x)}
                for kind, x in scores.items()
            ]
    return rows


def measure_ways(seed):
    """The prompt, the probe, word counts and frozen BERT on the same reviews."""
    from tlcourse.language import bert

    (train, learnt, _), (plain, unseen, leaning), (others, hard, lean) = read_all(seed)
    encoder, tokenizer = bert.load(length=64)
    by_bert = [
        encoder.predict(tokenizer.encode(some.texts, 64), verbose=0)
        for some in (train, plain, others)
    ]
    rows = said_right(
        plain, leaning > 0, others, lean > 0, way="GPT, prompt", per_class=0
    )
    for count in LABELS:
        few, labels = slice(0, 2 * count), train.labels[: 2 * count]
        words = reviews.word_counts().fit(train.texts[few], labels)
        ours = tl.probes.linear_probe().fit(learnt[BEST][few], labels)
        theirs = tl.probes.linear_probe().fit(by_bert[0][few], labels)
        for way, model, one, other in [
            ("GPT, probe", ours, unseen[BEST], hard[BEST]),
            ("BERT, probe", theirs, *by_bert[1:]),
            ("word counts", words, plain.texts, others.texts),
        ]:
            answers = model.predict(one), model.predict(other)
            rows += said_right(
                plain, answers[0], others, answers[1], way=way, per_class=count
            )
    del encoder
    gc.collect()
    return rows


def said_right(plain, said, others, said_of_others, **what):
    """The share of right answers, by kind."""
    rows = [{**what, "kind": "plain", "value": float(np.mean(said == plain.labels))}]
    for kind in np.unique(others.kinds):
        mine = others.kinds == kind
        right = np.mean(said_of_others[mine] == others.labels[mine])
        rows.append({**what, "kind": str(kind), "value": float(right)})
    return rows


@pytest.fixture(scope="module")
def prompts(evidence):
    table = evidence("gpt.prompts", measure_prompts, parts=tuple(PROMPTS))
    return table.set_index(["prompt", "read", "seed"])["value"].sort_index()


@pytest.fixture(scope="module")
def examples(evidence):
    table = evidence("gpt.examples", measure_examples, parts=DRAWS)
    return table.groupby(["read", "examples", "seed"])["value"].mean()


@pytest.fixture(scope="module")
def depth(evidence):
    table = evidence("gpt.depth", measure_depth)
    return table.set_index(["kind", "per_class", "block", "seed"])["value"].sort_index()


@pytest.fixture(scope="module")
def ways(evidence):
    table = evidence("gpt.ways", measure_ways)
    return table.set_index(["way", "per_class", "kind", "seed"])["value"].sort_index()


def test_most_depends_on_the_prompt_and_part_of_it_is_a_lean(prompts):
    best, worst = "Review … Sentiment:", "positive or negative? Answer:"
    assert prompts[best, "as it is"].mean() > 0.9
    assert prompts[worst, "as it is"].mean() < 0.6
    for name in PROMPTS:
        gain = prompts[name, "halved at the median"] - prompts[name, "as it is"]
        assert gain.mean() > 0


def test_examples_bring_a_lean_and_no_skill(examples):
    loss = examples["as it is", 0] - examples["as it is", 4]
    assert interval(loss)[0] > 0
    for count in SHOTS[1:]:
        gain = examples["pairs in order", count] - examples["pairs in order", 0]
        assert abs(gain.mean()) < 0.03
        neutral, nothing = (
            examples[name, count] for name in ("minus a neutral review", "minus N/A")
        )
        assert neutral.mean() > nothing.mean()


def test_late_blocks_serve_best(depth):
    few = depth["plain", 20]
    assert interval(few[BEST] - few[13])[0] > 0
    assert abs(few[BEST].mean() - few[30].mean()) < 0.05


def test_the_prompt_beats_word_counts_and_a_probe_comes_near_it(ways):
    prompt = ways["GPT, prompt", 0, "plain"]
    assert interval(prompt - ways["word counts", MOST, "plain"])[0] > 0
    assert abs((ways["GPT, probe", MOST, "plain"] - prompt).mean()) < 0.05


def test_few_labels_do_for_the_probe_and_hints_need_it(ways):
    assert ways["GPT, probe", LABELS[0], "plain"].mean() > 0.95
    assert ways["BERT, probe", LABELS[0], "plain"].mean() < 0.9
    gain = ways["GPT, probe", MOST, "hint"] - ways["GPT, prompt", 0, "hint"]
    assert interval(gain)[0] > 0


def test_irony_is_beyond_all_of_them(ways):
    for way, count in [("GPT, prompt", 0), ("GPT, probe", MOST), ("BERT, probe", MOST)]:
        assert interval(ways[way, count, "irony"])[1] < 0.5
