"""Clusters and self-supervised features, with labels that only judge.

    python tests/benchmarks/unsupervised.py [--json FILE]

Clustering: k-means with as many clusters as there are classes, on the training pictures
of four tasks, described by raw pixels, by a backbone with random weights and by the
bundled `imagenet_distilled`, each over five seeds (of k-means, and of the random
weights). The score is the normalised mutual information (NMI) with the labels.

Contrastive pre-training: SimCLR on a target's training pictures from the bundled source
and, likewise, from random weights; test accuracy of 5 nearest neighbours (kNN probe)
before and after, over five seeds. The augmentations are those of
`tlcourse.unsupervised.recipes`, the length is that of `simclr` unless told: 200 steps.
"""

import time

from measuring import each_seed, intervals

CLUSTERED = ("digits", "faces", "apples", "photos")
TARGETS = ("digits", "tissue")


def one_seed(seed):
    """Measure everything once; scores by part, task and what was compared."""
    import tlcourse as tl
    from tlcourse import unsupervised
    from tlcourse.unsupervised.recipes import RECIPES

    source = tl.backbones.load("mobilenet", source="imagenet_distilled")
    random = tl.backbones.load("mobilenet", source=None, seed=seed)
    found = {"nmi": {}, "knn": {}, "seconds": {}}
    for name in CLUSTERED:
        task = tl.datasets.load(name)
        images, labels = task.train.images, task.train.labels
        described = {
            "pixels": images.reshape(len(images), -1) / 255,
            "random": random.features(images),
            "backbone": source.features(images),
        }
        found["nmi"][name] = {}
        for what, features in described.items():
            clusters = unsupervised.kmeans(features, len(task.classes), seed=seed)
            found["nmi"][name][what] = unsupervised.nmi(labels, clusters.members)
    for name in TARGETS:
        task = tl.datasets.load(name)
        found["knn"][name] = {"source": unsupervised.knn_probe(source, task)}
        for what, start in (("contrastive", source), ("from_random", random)):
            started = time.perf_counter()
            options = {"augmentations": RECIPES[name], "seed": seed}
            trained = unsupervised.simclr(start, task.train.images, **options)
            found["seconds"][f"{name} {what}"] = time.perf_counter() - started
            found["knn"][name][what] = unsupervised.knn_probe(trained, task)
    return found


def report(runs):
    """Print two tables; the JSON's keys."""
    told = {"interval": {"nmi": {}, "knn": {}}, "nmi": {}, "knn": {}}
    titles = {"nmi": "NMI of clusters with labels", "knn": "kNN probe, test accuracy"}
    for part, title in titles.items():
        columns = next(iter(runs[0][part].values()))
        print(f"{title}, mean of {len(runs)} seeds (± half the 95 % interval)")
        print(" " * 10 + "".join(f"{column:>18}" for column in columns))
        for task in runs[0][part]:
            means, halves = intervals(runs, part, task)
            cells = (f"{means[c]:11.3f} ±{halves[c]:5.3f}" for c in columns)
            print(f"{task:10}" + "".join(cells))
            told[part][task], told["interval"][part][task] = means, halves
    told["seconds"], _ = intervals(runs, "seconds")
    for what, seconds in told["seconds"].items():
        print(f"{what}: {seconds:.0f} s of training")
    return told


if __name__ == "__main__":
    each_seed(__file__, __doc__, one_seed, report)
