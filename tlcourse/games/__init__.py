"""Games in NumPy, small Keras policies that play them, and what a transfer is worth.

==================  ==================================================================
`CartPole`          a pole on a cart, with physics that can be changed
`MountainCar`       a weak car in a valley, with gravity that can be changed
`Racing`            a car on a winding track, seen from above
`Flight`            a plane in a winding corridor, with height and gravity
------------------  ------------------------------------------------------------------
`policy`            a small network that says what to do
`play`, `Played`    many games at once
`train`             REINFORCE; `advantages` are its weights, `choose` draws an action
`moved`             the start of a transfer: all layers or some, frozen or not
`matched`           a start like the source's that knows nothing, as a control
------------------  ------------------------------------------------------------------
`measure`           jumpstart, time to threshold, asymptote, transfer ratio
`compare`           the same for a table of many trainings, with intervals
`reached`           updates until a score is reached
`animate`           a policy at play, as a small GIF
==================  ==================================================================
"""

from tlcourse.games.animation import Animation, animate
from tlcourse.games.cartpole import CartPole
from tlcourse.games.game import Game
from tlcourse.games.measures import compare, measure, reached
from tlcourse.games.mountain_car import MountainCar
from tlcourse.games.moving import matched, moved
from tlcourse.games.policies import Played, advantages, choose, play, policy, train
from tlcourse.games.steering import Flight, Racing

__all__ = [
    "Animation",
    "CartPole",
    "Flight",
    "Game",
    "MountainCar",
    "Played",
    "Racing",
    "advantages",
    "animate",
    "choose",
    "compare",
    "matched",
    "measure",
    "moved",
    "play",
    "policy",
    "reached",
    "train",
]
