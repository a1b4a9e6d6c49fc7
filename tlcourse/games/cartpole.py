"""CartPole in NumPy: many carts at once, and physics that can be changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tlcourse.games.game import GROUND, POINTER, VEHICLE, Game, check_positive

TICK = 0.02  # seconds between two pushes
CART, POLE = 1.0, 0.1  # masses, kg
EDGE, TILT = 2.4, 12 * np.pi / 180  # m and radians: beyond them the game is over


@dataclass
class CartPole(Game):
    """A pole stands on a cart, and pushes to the left or right keep it upright.

    Without options it is Gymnasium's ``CartPole-v1``, step by step. What is seen are
    the cart's position (m) and speed (m/s), the pole's angle (rad) and how fast it
    turns (rad/s).

    Parameters
    ----------
    length : float
        Half of the pole's length, in m.
    gravity : float
        In m/s².
    force : float
        Of a push, in N.
    delay : int
        Steps that pass before a push is felt.
    mirrored : bool
        Button 0 pushes to the right, 1 to the left.

    Raises
    ------
    ValueError
        If length, gravity or force is not above 0, or the delay is no whole number
        from 0.

    References
    ----------
    Barto, Sutton & Anderson (1983), Neuronlike adaptive elements that can solve
    difficult learning control problems.
    """

    length: float = 0.5
    gravity: float = 9.8
    force: float = 10.0
    delay: int = 0
    mirrored: bool = False

    inputs, outputs = 4, 2  # of a policy: a logit for each button
    buttons = True

    def __post_init__(self):
        check_positive(self, "length", "gravity", "force")
        if self.delay != int(self.delay) or self.delay < 0:
            raise ValueError(
                f"delay counts steps: give 0, 1, 2, … and not {self.delay}."
            )

    def reset(self, players, rng):
        """Begin anew.

        Parameters
        ----------
        players : int
            How many carts there are.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of float32, (players, 4)
            What is seen.
        """
        self.players = players
        self.state = rng.uniform(-0.05, 0.05, (players, 4))
        self._waiting = [np.full(players, -1)] * self.delay  # -1: no push
        return self.state.astype("float32")

    def step(self, actions):
        """Push each cart once.

        Parameters
        ----------
        actions : ndarray of int, (players,)
            0 or 1: the button that is pressed.

        Returns
        -------
        seen : ndarray of float32, (players, 4)
        over : ndarray of bool, (players,)
            Whether the pole or the cart is beyond its limits now.

        Raises
        ------
        ValueError
            If the game has not begun, or the actions are no 0 or 1 for each player.
        """
        now = self._pressed(actions)
        self._waiting.append(now)
        pressed = self._waiting.pop(0)
        push = np.where((pressed == 1) != self.mirrored, self.force, -self.force)
        push = np.where(pressed < 0, 0.0, push)
        self.state = self.state + TICK * self._change(push)
        over = (abs(self.state[:, 0]) > EDGE) | (abs(self.state[:, 2]) > TILT)
        return self.state.astype("float32"), over

    def scene(self):
        """Lines to draw of the first player's cart, as `animate` takes them."""
        x, _, angle, _ = self.state[0]
        middle = 0.5 + x / (2.4 * EDGE)
        tip = np.array([np.sin(angle), 1.8 * np.cos(angle)]) * 0.3 * self.length**0.4
        yield [(0, 0.15), (1, 0.15)], GROUND, 2
        yield [(middle - 0.07, 0.2), (middle + 0.07, 0.2)], VEHICLE, 16
        yield [(middle, 0.24), (middle + tip[0], 0.24 + tip[1])], POINTER, 6

    def _change(self, push):
        """How the four numbers change in a second (Florian 2007)."""
        _, speed, angle, turning = self.state.T
        sin, cos, mass = np.sin(angle), np.cos(angle), CART + POLE
        thrust = (push + POLE * self.length * turning**2 * sin) / mass
        lever = self.length * (4 / 3 - POLE * cos**2 / mass)
        turn = (self.gravity * sin - cos * thrust) / lever
        drive = thrust - POLE * self.length * turn * cos / mass
        return np.stack([speed, drive, turning, turn], axis=1)
