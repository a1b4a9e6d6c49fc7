"""What the lesson says of moved policies, over five seeds."""

import functools

import numpy as np
from scipy.special import expit

import tlcourse as tl
from tlcourse import games

RESTS_ON = (
    "games/game", "games/cartpole", "games/mountain_car", "games/steering",
    "games/policies", "games/moving",
)  # fmt: skip
STEPS, UPDATES = 200, 30
CART = games.CartPole()
PAIRS = {
    "heavy gravity": (CART, games.CartPole(gravity=25)),
    "weak motor": (CART, games.CartPole(force=4)),
    "late controls": (CART, games.CartPole(delay=2)),
    "long pole": (CART, games.CartPole(length=2)),
    "mirrored controls": (CART, games.CartPole(mirrored=True)),
    "steep mountain": (games.MountainCar(), games.MountainCar(gravity=0.0032)),
    "track to flight": (games.Racing(), games.Flight()),
}
ON_CARTS = [pair for pair in PAIRS if PAIRS[pair][0] is CART]


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
    old, other, target = source(pair, seed), 1000 + seed, PAIRS[pair][1]
    fresh = games.policy(target, other)
    matched = games.matched(old, beginner_sees(fresh, target, seed), seed)
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


def beginner_sees(fresh, target, seed):
    played = games.play(fresh, target, np.random.default_rng(seed))
    return played.seen[played.alive]


# --- learning curves ------------------------------------------------------------------


def measure_curves(seed, pair):
    """Scores before each update, as a share of 200."""
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
    begun, rows = starts(pair, seed), []
    seen = beginner_sees(begun["from scratch"], target, seed)
    wanted = leans_right(seen) != target.mirrored  # the button that pushes there
    for plan in ("from scratch", "matched start", "all layers"):
        outputs = begun[plan].predict(seen, verbose=0)
        sure = expit(abs(outputs[:, 1] - outputs[:, 0]))
        right = outputs.argmax(axis=1) == wanted
        rows.append(start_row(pair, plan, "sure", sure.mean()))
        rows.append(start_row(pair, plan, "right", right.mean()))
    score = rule_score(target, np.random.default_rng(seed))
    return [*rows, start_row(pair, "one-line rule", "score", score)]


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
        {
            "policy": name,
            "gravity": gravity,
            "value": round(real_score(one, real, seed), 3),
        }
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


LAYERS = ("first layer", "second layer")


def measure_probes(seed, part="carts"):
    """What layers show of a cart, by linear probes and by their share of activity."""
    rng = np.random.default_rng(seed)
    seen = states(rng, 3000)
    later = after_a_while(seen)
    answers = {
        "the pole's side": later[:, 2] > 0,
        "the cart's side": later[:, 0] > 0,
        "is the pole far off?": abs(later[:, 2]) > np.median(abs(later[:, 2])),
    }
    policies = {
        "trained": source(ON_CARTS[0], seed),
        "matched": games.matched(source(ON_CARTS[0], seed), seen, seed),
        "random": games.policy(CART, 1000 + seed),
    }
    views = {("what is seen", "what is seen"): seen}
    for name, policy in policies.items():
        x = seen
        for layer, which in zip(policy.layers[:2], LAYERS, strict=True):
            x = np.array(layer(x))
            views[name, which] = x
    return [
        {"policy": name, "layer": which, "question": question, "what": what,
         "value": round(float(value), 3)}
        for (name, which), x in views.items()
        for question, labels in answers.items()
        for what, value in (
            ("accuracy", probed(x, labels)), ("share", share(x, labels))
        )
    ]  # fmt: skip


def probed(x, labels):
    """Accuracy of a linear probe on 1,000 states, after 2,000 others."""
    return (
        tl.probes.linear_probe()
        .fit(x[:2000], labels[:2000])
        .score(x[2000:], labels[2000:])
    )


def share(x, labels):
    """How much of a layer's activity follows the answer: explained variance."""
    x, y = x - x.mean(axis=0), labels - labels.mean()
    return ((x.T @ y) ** 2).sum() / (y @ y) / (x**2).sum()


def after_a_while(seen, steps=10):
    """Where cart and pole are after 0.2 s without a push, (n, 4)."""
    game = games.CartPole(delay=steps)  # no push is felt
    game.reset(len(seen), np.random.default_rng(0))
    game.state = seen.astype(float)
    for _ in range(steps):
        later, _ = game.step(np.zeros(len(seen), int))
    return later


# --- the claims -----------------------------------------------------------------------


def test_x(evidence):
    evidence("games.starts", measure_starts, parts=tuple(ON_CARTS))
    evidence("games.real", measure_real, parts=("usual", "heavy"))
    evidence("games.probes", measure_probes, parts=("carts",))
    evidence("games.curves", measure_curves, parts=tuple(PAIRS))
