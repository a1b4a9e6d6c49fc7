"""Small Keras policies: built, played, and trained by REINFORCE."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from tlcourse.quiet import import_keras

STEPS, PLAYERS = 200, 48  # of a game at most, and games at once
# Of Adam; on other seeds slower ones are worse from scratch, 0.04 no better.
RATE = 0.02
NOISE = 0.5  # spread with which a stick is tried around the policy's answer


class Played(NamedTuple):
    """What happened in many games; all arrays begin with (steps, players).

    Attributes
    ----------
    seen : ndarray of float32, (steps, players, inputs)
    actions : ndarray, (steps, players)
    alive : ndarray of bool, (steps, players)
        Whether the game of this player still went on.
    score : float
        Mean steps that a game lasted or, where it is to end soon, that were left.
    """

    seen: np.ndarray
    actions: np.ndarray
    alive: np.ndarray
    score: float


def policy(game, seed=0):
    """Build a policy for a game: two hidden layers of 32, from random weights.

    Parameters
    ----------
    game : Game
    seed : int

    Returns
    -------
    keras.Sequential
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed)
    return keras.Sequential([
        keras.Input((game.inputs,)),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(32, activation="tanh"),
        keras.layers.Dense(game.outputs),
    ])  # fmt: skip


def play(policy, game, rng, *, noise=True, players=PLAYERS, steps=STEPS):
    """Play many games at once.

    Parameters
    ----------
    policy : keras.Sequential
        Dense layers only.
    game : Game
    rng : numpy.random.Generator
    noise : bool
        Draw each action, as training does: a button by its probability, a stick around
        the policy's answer. Without noise the policy does what it thinks best.
    players, steps : int
        How many games, and after how many steps a game ends at the latest.

    Returns
    -------
    Played

    Raises
    ------
    ValueError
        If the policy does not fit the game, or has other layers than Dense.
    """
    answer = in_numpy(policy, game)
    seen, alive = game.reset(players, rng), np.ones(players, bool)
    kept = []
    for _ in range(steps):
        actions = choose(answer(seen), game, rng if noise else None)
        kept.append((seen, actions, alive))
        seen, over = game.step(actions)
        alive = alive & ~over
        if not alive.any():
            break
    seen, actions, went_on = map(np.array, zip(*kept, strict=True))
    lasted = float(went_on.sum(axis=0).mean())
    score = lasted if game.worth > 0 else steps - lasted
    return Played(seen, actions, went_on, score)


def choose(outputs, game, rng=None):
    """Choose actions from what a policy puts out.

    Parameters
    ----------
    outputs : ndarray, (players, outputs)
    game : Game
    rng : numpy.random.Generator, optional
        Without it, the best action.

    Returns
    -------
    ndarray, (players,)
    """
    if not game.buttons:
        stick = outputs[:, 0]
        return stick if rng is None else stick + NOISE * rng.normal(size=len(stick))
    if rng is None:
        return outputs.argmax(axis=1)
    right = expit(outputs[:, 1] - outputs[:, 0])
    return (rng.random(len(right)) < right).astype(int)


def advantages(alive):
    """How much longer each game still lasted than all did at this step, on average.

    Parameters
    ----------
    alive : ndarray of bool, (steps, players)

    Returns
    -------
    ndarray, (steps, players)
        With a spread of 1 over all steps that were played.
    """
    still = alive[::-1].cumsum(axis=0)[::-1]  # steps that are to come
    usual = (still * alive).sum(axis=1) / np.maximum(alive.sum(axis=1), 1)
    better = still - usual[:, None]
    return better / (better[alive].std() + 1e-6)


def train(policy, game, updates=30, *, seed=0, rate=RATE):
    """Train a policy by REINFORCE; layers with ``trainable = False`` stay.

    Each update plays 48 games. What was done in them becomes a label for what was
    seen, and its weight tells how well it went: `advantages`.

    Parameters
    ----------
    policy : keras.Sequential
        It is changed, and compiled.
    game : Game
    updates : int
    seed : int
        Of the games and the actions.
    rate : float
        Learning rate of Adam.

    Returns
    -------
    ndarray, (updates,)
        The mean score of the 48 games before each update.

    Raises
    ------
    ValueError
        If there is no update, or the policy does not fit the game.

    References
    ----------
    Williams (1992), Simple statistical gradient-following algorithms for connectionist
    reinforcement learning.
    """
    if updates < 1:
        raise ValueError(f"updates must be 1 or more, and is {updates}.")
    keras = import_keras()
    # minus log of an action's chance: a cross-entropy, and of a stick with normal
    # noise, up to a factor, a squared distance
    cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    policy.compile(
        keras.optimizers.Adam(rate), cross_entropy if game.buttons else "mse"
    )
    rng, scores = np.random.default_rng(seed), []
    for _ in range(updates):
        played = play(policy, game, rng)
        on = played.alive
        weight = game.worth * advantages(on)[on]
        policy.train_on_batch(played.seen[on], played.actions[on], sample_weight=weight)
        scores.append(played.score)
    return np.array(scores)


def in_numpy(policy, game):
    """The policy as a NumPy function; 200 calls of Keras an update would take longer.

    The weights are read once, so it knows nothing of a later training.
    """
    shapes = {
        "tanh": np.tanh,
        "linear": lambda x: x,
        "relu": lambda x: np.maximum(x, 0),
    }
    layers = []
    for layer in policy.layers:
        shape = getattr(getattr(layer, "activation", None), "__name__", "none")
        if type(layer).__name__ != "Dense" or shape not in shapes:
            raise ValueError(
                "A policy is a Sequential of Dense layers with tanh, relu or no "
                f"activation, and {layer.name} is another."
            )
        layers.append((*layer.get_weights(), shapes[shape]))
    ends = policy.input_shape[-1], policy.output_shape[-1]
    if ends != (game.inputs, game.outputs):
        raise ValueError(
            f"{type(game).__name__} needs a policy of {game.inputs} inputs and "
            f"{game.outputs} outputs, and this one has {ends[0]} and {ends[1]}."
        )

    def answer(seen):
        for kernel, bias, shape in layers:
            seen = shape(seen @ kernel + bias)
        return seen

    return answer
