"""What the lesson says of clusters, heads and budgets, over five seeds."""

import functools

import numpy as np
import pandas
import pytest

import tlcourse as tl
from tests.helpers import defined, load_backbone
from tests.lessons.measured import SEEDS, features, flat
from tlcourse import unsupervised
from tlcourse.unsupervised import losses
from tlcourse.unsupervised.recipes import RECIPES

SOURCE = "imagenet_distilled"
RED = ("Braeburn", "Gala", "Red Delicious", "Spartan")


def taught(name, *others, **given):
    """Give a function as the lesson writes it out."""
    return defined("clusters", name, *others, **given)[name]


def described(what, name):
    """Features of a data set's training pictures."""
    return features(turned if what == "pixels" else load_backbone(what).features, name)


def turned(images):
    """Turn pixels so that they need no more columns than there are pictures.

    k-means knows distances alone, and these stay: the same in a tenth of the time.
    """
    rows = flat(images)
    if rows.shape[1] <= len(rows):
        return rows
    return np.linalg.qr(rows.astype(float).T, mode="r").T


def clustered_nmi(rich, name, k, seed):
    """How well k-means finds the classes of a data set."""
    known = tl.datasets.load(name).train.labels
    return unsupervised.nmi(known, unsupervised.kmeans(rich, k, seed=seed).members)


def agreement(k):
    """NMI of the apples' clusters with those of changed pictures; means by change."""
    images = tl.datasets.load("apples").train.images
    level = images.mean(axis=(1, 2, 3), keepdims=True)
    changed = {
        "nothing": images,
        "mirrored": np.ascontiguousarray(images[:, :, ::-1]),
        "light": np.clip(images * images.mean() / level, 0, 255),
        "grey": np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1),
    }
    found = {}
    for name, pictures in changed.items():
        both = described(SOURCE, "apples"), load_backbone(SOURCE).features(pictures)
        found[name] = np.mean([
            unsupervised.nmi(
                unsupervised.kmeans(both[0], k, seed=seed).members,
                unsupervised.kmeans(both[1], k, seed=seed + 5).members,
            )
            for seed in SEEDS
        ])  # fmt: skip
    return found


def test_two_clusters_are_about_colour_and_four_about_several_things():
    found = agreement(2)
    assert found["nothing"] > 0.95
    assert found["mirrored"] > 0.8 and found["light"] > 0.8 and found["grey"] < 0.1
    found = agreement(4)
    assert found["nothing"] > 0.95 and 0.65 < found["mirrored"] < 0.85
    assert found["mirrored"] > found["light"] + 0.05 > found["grey"] + 0.1
    assert 0.4 < found["grey"] < 0.6


def test_two_clusters_are_the_red_apples_but_scores_disagree_and_none_says_eight():
    task, rich = tl.datasets.load("apples"), described(SOURCE, "apples")
    red = np.isin(np.array(task.classes)[task.train.labels], RED).astype(int)
    for seed in SEEDS:
        found = unsupervised.kmeans(rich, 2, seed=seed)
        assert unsupervised.clustering_accuracy(red, found.members) > 0.96
        table = unsupervised.how_many(rich, [*range(2, 11), 12], seed=seed)
        table = table.set_index("k")
        assert table["silhouette"].idxmax() == 2
        assert table["silhouette"].nlargest(2).diff().iloc[-1] < -0.03
        assert table["bic"].idxmin() in (6, 7)
        above = table["bic"] - table["bic"].min()
        assert above.loc[5:9].max() < 0.25 * above[2]
        assert (table["inertia"].diff().iloc[1:] < 0).all()


@functools.cache
def found_nmi(what, name):
    """Mean NMI of k-means with the labels."""
    rich, k = described(what, name), len(tl.datasets.load(name).classes)
    return np.mean([clustered_nmi(rich, name, k, seed) for seed in SEEDS])


def test_the_source_beats_pixels_on_three_and_on_digits_if_related():
    for name in ("faces", "apples", "photos"):
        assert found_nmi(SOURCE, name) > found_nmi("pixels", name) + 0.15
    pixels, source = found_nmi("pixels", "digits"), found_nmi(SOURCE, "digits")
    assert pixels > source + 0.2
    assert found_nmi("glyphs", "digits") > pixels + 0.1


def test_pixels_stand_on_the_centring():
    placed, sources = taught("placed"), (SOURCE, "glyphs", "fractals")
    views = {"pixels": flat, **{name: load_backbone(name).features for name in sources}}
    images, means = tl.datasets.load("digits").train.images, {}
    for most in (0, 1):
        canvases = [placed(images, most, seed) for seed in SEEDS]
        for what, view in views.items():
            means[what, most] = np.mean([
                clustered_nmi(view(canvas), "digits", 10, seed)
                for seed, canvas in enumerate(canvases)
            ])  # fmt: skip
    assert abs(means["pixels", 0] - found_nmi("pixels", "digits")) < 0.03
    assert means["pixels", 1] < 0.15 * means["pixels", 0]
    for what in sources:
        assert means[what, 0] > means[what, 1] + 0.03
        assert means[what, 1] > 0.5 * means[what, 0]
    assert means["glyphs", 0] > means["pixels", 0] + 0.05
    assert means["glyphs", 1] > means[SOURCE, 1] + 0.15
    for most in (0, 1):  # labels alone are not what makes a source good
        assert means["fractals", most] < means[SOURCE, most] - 0.1


def carried(source, name, here, there, k):
    """Mean NMI, and clusters used, by way."""
    carry, backbone = taught("carried"), load_backbone(source)
    domains = [tl.datasets.load_unlabelled(name, domain=d) for d in (here, there)]
    rows = [row for seed in SEEDS for row in carry(backbone, *domains, k, seed)]
    table = pandas.DataFrame(rows, columns=["target", "way", "nmi", "used"])
    return table.groupby("way")[["nmi", "used"]].mean()


def test_means_bring_clusters_of_the_studio_to_the_orchard_and_printed_digits_carry():
    found = carried(SOURCE, "apples", "studio", "orchard", 8)
    assert found.loc["carried", "nmi"] < 0.15 and found.loc["carried", "used"] < 6
    gap = found.loc["found anew", "nmi"] - found.loc["carried", "nmi"]
    gain = found.loc["means matched", "nmi"] - found.loc["carried", "nmi"]
    assert 0.6 * gap < gain < gap
    found = carried("glyphs", "digits", "fonts", "handwritten", 10)["nmi"]
    assert found["carried"] > 0.7
    assert abs(found["means matched"] - found["carried"]) < 0.03
    assert found["found anew"] > found["carried"] + 0.08


def test_collapse_and_its_cures():
    """Five heads of each kind, in one network: they share nothing."""
    images = tl.datasets.load("apples").train.images
    views = unsupervised.views(images, RECIPES["apples"], seed=0)
    features = [load_backbone(SOURCE).features(each) for each in views]
    middle, spread = features[0].mean(axis=0), features[0].std(axis=0) + 1e-6
    pair = [(each - middle) / spread for each in features]
    weights = [
        {"variance": variance, "covariance": covariance}
        for variance, covariance in ((0.0, 0.0), (25.0, 0.0), (25.0, 10.0))
        for _ in SEEDS
    ]
    network = taught("train_heads", pair=pair)(weights)
    both = (network.predict(each, verbose=0) for each in (pair, pair[::-1]))
    rows = []
    for one, other, each in zip(*both, weights, strict=True):
        loss = float(losses.vicreg_loss(one, other, **each))
        rows.append((loss, one.std(axis=0).mean(), unsupervised.effective_rank(one)))
    loss, wide, rank = np.reshape(rows, (3, 5, 3)).transpose(2, 0, 1)
    assert loss[0].max() < 0.1 and loss[2].min() > 2 * loss[:2].max()
    assert wide[0].max() < 0.25 and wide[1:].min() > 0.9
    assert rank[1].max() < 1.6 and rank[2].min() > 1.95
    row = taught("nt_xent_of_row")(np.ones((12, 12)), 3)
    assert row == pytest.approx(np.log(11))  # SimCLR's, too: that of guessing


def spent(source, name, budgets):
    """Mean accuracy by labels and way of asking."""
    spend = taught("spend", "asked")
    table = spend(load_backbone(source), tl.datasets.load(name), budgets)
    return table.groupby(["labels", "asked"])["accuracy"].mean().unstack()


def share_of_the_clusters(found):
    """Of what typical pictures gain on random ones, how much any of a cluster do."""
    gain = found - found["random"]
    return gain["any of each cluster"] / gain["nearest the centres"]


def test_ten_labels_nearly_do_on_digits_choosing_helps_on_photos_and_not_on_faces():
    found = spent("glyphs", "digits", (10,)).loc[10]
    assert found["whole clusters"] > 0.95 > 0.93 < found["nearest the centres"]
    assert found["random"] < found["nearest the centres"] - 0.3
    assert 0.35 < share_of_the_clusters(found) < 0.65
    photos = spent(SOURCE, "photos", (10,)).loc[10]
    assert photos["nearest the centres"] > photos["random"] + 0.08
    assert photos["whole clusters"] > photos["nearest the centres"]
    assert share_of_the_clusters(photos) > 0.6
    faces = spent(SOURCE, "faces", (8,)).loc[8]
    assert faces.min() > 0.97 and faces.max() - faces.min() < 0.02


def test_whole_clusters_of_apples_pay_at_first_and_cost_later():
    found = spent(SOURCE, "apples", (8, 64))
    few, many = found.loc[8], found.loc[64]
    assert few["whole clusters"] > few["nearest the centres"] + 0.02
    assert few["nearest the centres"] > few["random"] + 0.02
    assert few["any of each cluster"] < few["random"] + 0.04
    assert many["nearest the centres"] > many["whole clusters"] + 0.03
    assert many.drop("whole clusters").min() > many["whole clusters"]
