"""What all games have in common: many are played at once, and steps count."""

from __future__ import annotations

import numpy as np

# Colours of a scene.
INK, GROUND, VEHICLE, POINTER = "#333333", "#999999", "#0072B2", "#D55E00"


class Game:
    """A game for many players at once.

    Attributes
    ----------
    inputs, outputs : int
        How many numbers a policy gets and gives.
    buttons : bool
        Whether the outputs are logits, one a button, of which one is pressed. If not,
        the one output says where the stick should be.
    worth : int
        Of each step until the game is over: 1, or -1 where it is to end soon.
    """

    worth = 1

    players = 0  # until reset

    def _fitting(self, actions):
        """The actions as an array, one for each player."""
        actions = np.asarray(actions)
        if not self.players:
            raise ValueError("The game has not begun: call reset before step.")
        if actions.shape != (self.players,):
            raise ValueError(
                f"step needs one action for each of {self.players} players, and got "
                f"the shape {actions.shape}."
            )
        return actions

    def _pressed(self, actions):
        """The same, of two buttons."""
        actions = self._fitting(actions)
        if not np.isin(actions, (0, 1)).all():
            raise ValueError(
                f"The actions of {type(self).__name__} are 0 and 1, the two buttons."
            )
        return actions


def check_positive(game, *names):
    """Refuse physics that no world has."""
    for name in names:
        if not getattr(game, name) > 0:
            raise ValueError(f"{name} must be above 0, and is {getattr(game, name)}.")
