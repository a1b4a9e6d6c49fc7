"""The language models on sentences that none of the lessons shows.

    python tests/benchmarks/language.py [--json FILE]

English: 1,000 sentences about films (UCI, Kotzias et al. 2015; only where this project
is made, in ../shared/texts), 600 to draw from and 400 to test. Word counts, frozen
BERT, all blocks tuned, LoRA; GPT without examples and a linear probe on its blocks.
French: a head that learnt 100 English film reviews per class of the course, on its
outspoken French book reviews. Retrieval: how many French reviews find their own
translation. Means over five seeds; each in a process of its own.
"""

import pathlib

from measuring import command, in_new_process, interval

FILE = pathlib.Path(__file__).resolve().parents[3] / "shared/texts/imdb_labelled.txt"
LENGTH, LABELS, SEEDS = 48, (5, 20, 100), range(5)
BLOCKS = (1, 7, 13, 19, 25, 30)
PROMPT = "Review: {}\nSentiment:"


def sentences(seed):
    """600 sentences to draw from and 400 to test, Texts."""
    import numpy as np

    from tlcourse.language.texts import CLASSES, Texts

    # Not splitlines(): some sentences hold a sign that it takes for the end of a line.
    lines = FILE.read_text("utf-8").strip("\n").split("\n")
    found, labels = zip(*(line.rsplit("\t", 1) for line in lines), strict=True)
    nothing = np.full(len(found), "")
    found = np.array([text.strip() for text in found])
    whole = Texts("imdb", CLASSES, found, np.array(labels, int), nothing, nothing)
    order = np.random.default_rng(seed).permutation(len(whole))
    return whole[order[:600]], whole[order[600:]]


def linear(features, labels, new, truth):
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression(max_iter=2000).fit(features, labels)
    return head, float(head.score(new, truth))


def english(seed):
    """Word counts and frozen BERT, by labels per class."""
    from tlcourse.language import bert, texts

    pool, test = sentences(seed)
    model, tokenizer = bert.load(LENGTH)
    new = model.predict(tokenizer.encode(test.texts, LENGTH), verbose=0)
    told = {"tfidf": {}, "bert_frozen": {}}
    for count in LABELS:
        few = texts.draw(pool, count, seed=seed)
        known = model.predict(tokenizer.encode(few.texts, LENGTH), verbose=0)
        told["bert_frozen"][count] = linear(known, few.labels, new, test.labels)[1]
        words = texts.word_counts().fit(few.texts, few.labels)
        told["tfidf"][count] = float(words.score(test.texts, test.labels))
    return told


def tuned(seed, rank):
    """BERT with 100 labels per class: all blocks, or LoRA; and the frozen one."""
    import numpy as np

    from tlcourse.language import bert, texts

    keras = bert.keras
    keras.utils.set_random_seed(seed)
    pool, test = sentences(seed)
    few = texts.draw(pool, LABELS[-1], seed=seed)
    model, tokenizer = bert.load(LENGTH, rank)
    x, y = (tokenizer.encode(some.texts, LENGTH) for some in (few, test))
    known, new = (model.predict(ids, verbose=0) for ids in (x, y))
    first, frozen = linear(known, few.labels, new, test.labels)
    if rank:
        bert.train_lora_alone(model)
    else:
        for layer in model.layers:
            layer.trainable = layer.name.startswith("block")
    head = keras.layers.Dense(1, activation="sigmoid", name="head")
    whole = keras.Model(model.input, head(model.output))
    head.set_weights([first.coef_.T, first.intercept_])
    whole.compile(keras.optimizers.Adam(1e-3 if rank else 5e-5), "binary_crossentropy")
    whole.fit(x, few.labels, batch_size=16, epochs=5, verbose=0)
    said = whole.predict(y, verbose=0).ravel() > 0.5
    return {"frozen": frozen, "tuned": float(np.mean(said == test.labels))}


def gpt(seed):
    """Without examples, and a probe on the prompt's last token, by block."""
    import numpy as np

    from tlcourse.language import gpt, texts

    pool, test = sentences(seed)
    few = texts.draw(pool, LABELS[-1], seed=seed)
    model, tokenizer = gpt.load()
    x, y = ([PROMPT.format(text) for text in some.texts] for some in (few, test))
    words = [" negative", " positive"]
    said = gpt.next_word_scores(model, tokenizer, y, words).argmax(axis=1)
    known, new = (
        gpt.hidden(model, tokenizer, some, BLOCKS, pool="last") for some in (x, y)
    )
    probe = {}
    for block in BLOCKS:
        middle, spread = known[block].mean(axis=0), known[block].std(axis=0) + 1e-6
        scaled = [(each[block] - middle) / spread for each in (known, new)]
        probe[block] = linear(scaled[0] / 10, few.labels, scaled[1] / 10, test.labels)[
            1
        ]
    return {"zero_shot": float(np.mean(said == test.labels)), "probe": probe}


def french(seed):
    """A head that learnt English, on outspoken French reviews; and retrieval."""
    import numpy as np

    from tlcourse.language import bert, multilingual, texts

    films, books = (texts.load(name) for name in texts.NAMES)
    few = texts.draw(films[films.kinds == "plain"], LABELS[-1], seed=seed)
    plain, pairs = books[books.kinds == "plain"], books[books.english != ""]
    words = texts.word_counts().fit(few.texts, few.labels)
    told = {"tfidf": float(words.score(plain.texts, plain.labels))}
    retrieval = {}
    for name, module in {"english_bert": bert, "multilingual": multilingual}.items():
        model, tokenizer = module.load()

        def features(some, model=model, tokenizer=tokenizer):
            return model.predict(tokenizer.encode(some), verbose=0)

        known, new = features(few.texts), features(plain.texts)
        told[name] = linear(known, few.labels, new, plain.labels)[1]
        if name == "multilingual":
            known, new = (each - each.mean(axis=0) for each in (known, new))
            told["centred"] = linear(known, few.labels, new, plain.labels)[1]
        alike = features(pairs.texts) @ features(pairs.english).T
        found = alike.argmax(axis=1) == np.arange(len(pairs))
        retrieval[name] = float(found.mean())
    return {"french": told, "retrieval": retrieval}


def mean(runs, *keys):
    """Mean and half the interval of what stands under these keys of each run."""
    for key in keys:
        runs = [run[key] for run in runs]
    return interval(runs)


def measure():
    """Print every number with its interval; the JSON's keys."""
    runs = {
        name: [in_new_process(__file__, name, seed) for seed in SEEDS]
        for name in ("english", "gpt", "french")
    }
    ways = {"bert_tuned": 0, "bert_lora": 8}
    for way, rank in ways.items():
        runs[way] = [in_new_process(__file__, "tuned", seed, rank) for seed in SEEDS]
    told = {"english": {}, "gpt": {"probe": {}}, "french": {}, "retrieval": {}}

    def put(place, key, title, value):
        print(f"{title:46}{value[0]:.3f} +-{value[1]:.3f}")
        place[key] = value[0]

    for way in ("tfidf", "bert_frozen"):
        told["english"][way] = {}
        for count in LABELS:
            value = mean(runs["english"], way, str(count))
            put(told["english"][way], count, f"{way}, {count} per class", value)
    for way in ways:
        told["english"][way] = {}
        put(told["english"][way], LABELS[-1], way, mean(runs[way], "tuned"))
        gains = [run["tuned"] - run["frozen"] for run in runs[way]]
        print(f"{'  more than frozen':46}{interval(gains)[0]:+.3f}")
    put(told["gpt"], "zero_shot", "GPT, no examples", mean(runs["gpt"], "zero_shot"))
    for number in BLOCKS:
        value = mean(runs["gpt"], "probe", str(number))
        put(told["gpt"]["probe"], number, f"GPT, probe on block {number}", value)
    for part in ("french", "retrieval"):
        for name in runs["french"][0][part]:
            value = mean(runs["french"], part, name)
            put(told[part], name, f"{part}: {name}", value)
    return told


if __name__ == "__main__":
    command(
        __doc__,
        measure,
        english=lambda seed: english(int(seed)),
        tuned=lambda seed, rank: tuned(int(seed), int(rank)),
        gpt=lambda seed: gpt(int(seed)),
        french=lambda seed: french(int(seed)),
    )
