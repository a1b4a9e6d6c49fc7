"""MountainCar in NumPy: a weak car must swing to get out of a valley."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlcourse.games.game import GROUND, INK, VEHICLE, Game, check_positive

ENDS, GOAL = (-1.2, 0.6), 0.5  # of the valley; the goal is on the right
FASTEST = 0.07  # a tick
HELD = 4  # ticks for which a push is held: 200 pushes are 800 ticks


@dataclass
class MountainCar(Game):
    """A car in a valley, too weak to drive straight up. It's over at the goal.

    The physics are those of Gymnasium's ``MountainCar-v0``; each push to the left or
    right is held for four ticks. What is seen are the car's place and speed, scaled to
    about -1 to 1.

    Parameters
    ----------
    gravity : float
        A tick and slope; 0.0025 as usual.
    mirrored : bool
        Button 0 pushes to the right, 1 to the left.

    Raises
    ------
    ValueError
        If gravity is not above 0.

    References
    ----------
    Moore (1990), Efficient memory-based learning for robot control.
    """

    gravity: float = 0.0025
    mirrored: bool = False

    inputs, outputs = 2, 2
    buttons, worth = True, -1

    def __post_init__(self):
        check_positive(self, "gravity")

    def reset(self, players, rng):
        """Begin anew in the valley; see `CartPole.reset`. Gives (players, 2)."""
        self.players = players
        self.place = rng.uniform(-0.6, -0.4, players)
        self.speed = np.zeros(players)
        return self._seen()

    def step(self, actions):
        """Push each car once, for four ticks; see `CartPole.step`."""
        right = (self._pressed(actions) == 1) != self.mirrored
        over = np.zeros(self.players, bool)
        for _ in range(HELD):
            self._tick(np.where(right, 0.001, -0.001))
            over |= self.place >= GOAL
        return self._seen(), over

    def _tick(self, push):
        speed = self.speed + push - np.cos(3 * self.place) * self.gravity
        speed = np.clip(speed, -FASTEST, FASTEST)
        self.place = np.clip(self.place + speed, *ENDS)
        self.speed = np.where((self.place == ENDS[0]) & (speed < 0), 0, speed)

    def _seen(self):
        return np.stack([2 * self.place + 1, 20 * self.speed], axis=1).astype("float32")

    def scene(self):
        """Lines to draw of the first player's car, as `animate` takes them."""
        across = np.linspace(*ENDS, 60)
        yield _on_paper(across, np.sin(3 * across)), GROUND, 2
        ends = self.place[0] + np.array([-0.06, 0.06])
        yield _on_paper(ends, np.sin(3 * ends) + 0.12), VEHICLE, 14
        yield _on_paper(np.full(2, GOAL), np.sin(3 * GOAL) + np.array([0, 0.5])), INK, 3


def _on_paper(x, y):
    return np.stack([(x - ENDS[0]) / (ENDS[1] - ENDS[0]), 0.35 + y / 4], axis=1)
