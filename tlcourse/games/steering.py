"""Two steering games in NumPy: a car seen from above, and a plane seen from the side.

Both follow a winding line at a constant speed, with one stick from -1 to 1, and show
the same six numbers. What the stick moves differs: a car goes where it points, a plane
is heavy and slow to follow its nose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlcourse.games.game import GROUND, POINTER, VEHICLE, Game, check_positive

TICK = 0.05  # seconds between two movements of the stick
SPEED = 10.0  # m/s along the line
ROOM = 2.0  # m on each side of the line: farther away the game is over
WAVES = 2 * np.pi / np.array([60.0, 37.0])  # of the line, per m
HEIGHTS = np.array([4.0, 1.5])  # m


@dataclass
class _Steering(Game):
    inputs, outputs = 6, 1  # of a policy: where the stick should be
    buttons = False

    def reset(self, players, rng):
        """Begin anew on the line, in its direction.

        Parameters
        ----------
        players : int
        rng : numpy.random.Generator
            Draws a line for each player.

        Returns
        -------
        ndarray of float32, (players, 6)
            What is seen: distance from the line (1 is the edge), direction against
            the line's (rad), how fast it turns (rad/s), the line's bends 5 and 10 m
            ahead (rad), and the speed across the line (as a share of that along it).
        """
        self.players = players
        self._phases = rng.uniform(0, 2 * np.pi, (players, len(WAVES)))
        self.along = np.zeros(players)
        self.across = self.line(self.along)
        self.points = np.arctan(self.slope(self.along))
        self.turning = np.zeros(players)
        self.drift = SPEED * self.slope(self.along)
        return self._seen()

    def line(self, along):
        """Where the line is: m across, for m along, (players,)."""
        return (HEIGHTS * np.sin(WAVES * along[:, None] + self._phases)).sum(1)

    def slope(self, along):
        """How the line rises, (players,)."""
        rise = HEIGHTS * WAVES * np.cos(WAVES * along[:, None] + self._phases)
        return rise.sum(1)

    def step(self, actions):
        """Move the stick of each player once.

        Parameters
        ----------
        actions : ndarray of float, (players,)
            The stick, cut to -1 and 1.

        Returns
        -------
        seen : ndarray of float32, (players, 6)
        over : ndarray of bool, (players,)
            Whether the player is too far from the line now.

        Raises
        ------
        ValueError
            If the game has not begun, or there is not one action for each player.
        """
        stick = np.clip(self._fitting(actions), -1, 1)
        self.turning = self.turning + TICK * (2 * stick - self.turning) / 0.2
        self.points = self.points + TICK * self.turning
        self._move()
        self.across = self.across + TICK * self.drift
        self.along = self.along + TICK * SPEED
        return self._seen(), abs(self.across - self.line(self.along)) > ROOM

    def scene(self):
        """Lines to draw around the first player, as `animate` takes them."""
        nose = np.array([np.cos(self.points[0]), np.sin(self.points[0])])
        here = np.array([self.along[0], self.across[0]])
        ahead = self.along[0] + np.linspace(-8, 22, 40)
        wave = WAVES * ahead[:, None] + self._phases[0]
        middle = (HEIGHTS * np.sin(wave)).sum(1)
        low_left = here - [8, 8.5]
        for edge in (-ROOM, ROOM):
            yield (np.stack([ahead, middle + edge], 1) - low_left) / [30, 17], GROUND, 2
        for begin, end, colour, width in (
            (-1.2, 0.6, VEHICLE, 11),
            (0.6, 1.6, POINTER, 5),
        ):
            yield (
                (here + np.outer([begin, end], nose) - low_left) / [30, 17],
                colour,
                width,
            )

    def _seen(self):
        here = np.arctan(self.slope(self.along))
        bends = [np.arctan(self.slope(self.along + ahead)) - here for ahead in (5, 10)]
        numbers = [
            (self.across - self.line(self.along)) / ROOM,
            self.points - here,
            self.turning,
            *bends,
            self.drift / SPEED - self.slope(self.along),
        ]
        return np.stack(numbers, axis=1).astype("float32")


@dataclass
class Racing(_Steering):
    """A track seen from above: the car moves where it points."""

    def _move(self):
        self.drift = SPEED * np.tan(np.clip(self.points, -1.4, 1.4))


@dataclass
class Flight(_Steering):
    """A corridor seen from the side: wings lift the plane, and gravity pulls it down.

    The lift grows with the angle between nose and path, so that the nose must point
    above the path to hold a height, and the path follows the nose late.

    Parameters
    ----------
    gravity : float
        In m/s².
    lift : float
        In m/s², for an angle of one radian.

    Raises
    ------
    ValueError
        If one of them is not above 0.
    """

    gravity: float = 9.8
    lift: float = 40.0

    def __post_init__(self):
        check_positive(self, "gravity", "lift")

    def _move(self):
        angle = self.points - np.arctan(self.drift / SPEED)
        self.drift = self.drift + TICK * (self.lift * angle - self.gravity)
