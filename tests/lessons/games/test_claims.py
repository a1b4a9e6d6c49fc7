"""What the lesson says of moved policies, over five seeds."""

import functools

import numpy as np

import tlcourse as tl
from tlcourse import games

RESTS_ON = ("games/**/*",)
STEPS, UPDATES = 200, 30
CART = games.CartPole()
PAIRS = {
    "heavy gravity": (CART, games.CartPole(gravity=25)),
    "weak motor": (CART, games.CartPole(force=4)),
    "late controls": (CART, games.CartPole(delay=2)),
    "long pole": (CART, games.CartPole(length=2)),
    "mirrored controls": (CART, games.CartPole(mirrored=True)),
    "track to flight": (games.Racing(), games.Flight()),
}
ON_CARTS = [pair for pair in PAIRS if pair != "track to flight"]


@functools.cache
def source(pair, seed):
    """A policy trained on the source; the carts share theirs."""
    if pair in ON_CARTS[1:]:
        return source(ON_CARTS[0], seed)
    game, _ = PAIRS[pair]
    policy = games.policy(game, seed)
    games.train(policy, game, UPDATES, seed=seed)
    return policy


def starts(pair, seed):
    """The policies with which training begins, by plan."""
    old, other = source(pair, seed), 1000 + seed
    fresh = games.policy(PAIRS[pair][1], other)
    matched = games.shuffled(old, seed)
    return {
        "from scratch": fresh,
        "matched start": matched,
        "all layers": games.moved(old),
        "all layers, first frozen": games.moved(old, frozen=True),
        "new last layer": games.moved(old, new_last=True, seed=other),
        "new last layer, first frozen": games.moved(
            old, new_last=True, frozen=True, seed=other
        ),
        "matched, new last, first frozen": games.moved(
            matched, new_last=True, frozen=True, seed=other
        ),
    }


# --- learning curves ------------------------------------------------------------------


def measure_curves(seed, pair):
    """Scores before each update, as a share of the 200 steps."""
    _, target = PAIRS[pair]
    return [
        {"pair": pair, "plan": plan, "update": k, "value": round(score / STEPS, 3)}
        for plan, policy in starts(pair, seed).items()
        for k, score in enumerate(games.train(policy, target, UPDATES, seed=seed + 500))
    ]


# --- how the training begins ----------------------------------------------------------


def leans_right(seen):
    """The one-line rule: the pole leans or turns to the right, so push there."""
    return seen[:, 2] + seen[:, 3] > 0


def measure_starts(seed, pair):
    """How sure a start is of its button, how often it's right; what a rule scores."""
    _, target = PAIRS[pair]
    rng = np.random.default_rng(seed)
    seen = states(rng, 1000)
    wanted = leans_right(seen) != target.mirrored  # the button that pushes there
    rows = []
    for plan, policy in starts(pair, seed).items():
        if plan in ("from scratch", "matched start", "all layers"):
            outputs = policy.predict(seen, verbose=0)
            sure = 1 / (1 + np.exp(-abs(outputs[:, 1] - outputs[:, 0])))
            right = (outputs.argmax(axis=1) == wanted).mean()
            rows += [start_row(pair, plan, "sure", sure.mean())]
            rows += [start_row(pair, plan, "right", right)]
    return [*rows, start_row(pair, "one-line rule", "score", rule_score(target, rng))]


def start_row(pair, plan, what, value):
    return {"pair": pair, "plan": plan, "what": what, "value": round(float(value), 3)}


def states(rng, count):
    """Situations of a cart, anywhere in a box of positions, speeds and angles."""
    return rng.uniform(-1, 1, (count, 4)).astype("float32") * [2, 1.5, 0.2, 1.5]


def rule_score(target, rng):
    """The rule's score, as a share of the 200 steps."""
    seen, alive, score = target.reset(48, rng), np.ones(48, bool), 0
    for _ in range(STEPS):
        score += alive.mean()
        seen, over = target.step((leans_right(seen) != target.mirrored).astype(int))
        alive &= ~over
    return score / STEPS


# --- in Gymnasium ---------------------------------------------------------------------


def measure_real(seed, gravity):
    """Play CartPole-v1 of Gymnasium, as it is and with heavy gravity."""
    import gymnasium

    policy = source(ON_CARTS[0], seed)
    if gravity == "heavy":
        policy = games.moved(policy)
    real = gymnasium.make_vec("CartPole-v1", num_envs=48)
    if gravity == "heavy":
        real.unwrapped.gravity = 25
    fresh = games.policy(CART, 1000 + seed)
    return [
        {"policy": name, "gravity": gravity, "value": round(real_score(one, real, seed), 3)}
        for name, one in {"trained in NumPy": policy, "random": fresh}.items()
    ]


def real_score(policy, real, seed):
    seen, _ = real.reset(seed=seed)
    alive, score = np.ones(48, bool), 0
    for _ in range(STEPS):
        score += alive.mean()
        seen, _, over, _, _ = real.step(policy.predict_on_batch(seen).argmax(axis=1))
        alive &= ~over
    return float(score / STEPS)


# --- what the layers know -------------------------------------------------------------


def measure_probes(seed, part="carts"):
    """Linear probes on what the layers put out, about what happens without a push."""
    rng = np.random.default_rng(seed)
    seen = states(rng, 3000)
    answers = after_a_while(seen)
    policies = {
        "trained": source(ON_CARTS[0], seed),
        "matched": games.shuffled(source(ON_CARTS[0], seed), seed),
        "random": games.policy(CART, 1000 + seed),
    }
    views = {("nothing", "what is seen"): seen}
    for name, policy in policies.items():
        x = seen
        for layer, which in zip(policy.layers, ("first layer", "second layer"), strict=False):
            x = np.array(layer(x))
            views[name, which] = x
    rows = []
    for (name, which), x in views.items():
        for question, labels in answers.items():
            probe = tl.probes.linear_probe().fit(x[:2000], labels[:2000])
            score = round(float(probe.score(x[2000:], labels[2000:])), 3)
            rows.append({"policy": name, "layer": which, "question": question, "value": score})
    return rows


def after_a_while(seen, steps=10):
    """Which way the pole has turned after 0.2 s without a push, and how far it is."""
    game = games.CartPole(delay=steps)  # no push is felt
    game.reset(len(seen), np.random.default_rng(0))
    game.state = seen.astype(float)
    for _ in range(steps):
        later, _ = game.step(np.zeros(len(seen), int))
    tilt = later[:, 2]
    return {
        "which side?": tilt > 0,
        "how far?": abs(tilt) > np.median(abs(tilt)),
        "near the edge?": abs(later[:, 0]) > np.median(abs(later[:, 0])),
    }
