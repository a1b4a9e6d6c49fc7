"""The games, against Gymnasium's own; policies, their training, moving and measures."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.helpers import assert_same, refused
from tlcourse import games

RNG = np.random.default_rng


@pytest.fixture
def gymnasium():
    return pytest.importorskip("gymnasium")


@pytest.mark.parametrize("physics", [{}, {"gravity": 25.0}, {"length": 2.0}])
def test_cartpole_is_gymnasiums_step_by_step(gymnasium, physics):
    real = gymnasium.make("CartPole-v1").unwrapped
    for name, value in physics.items():
        setattr(real, name, value)
    real.polemass_length = real.masspole * real.length
    ours = games.CartPole(**physics)
    seen = ours.reset(5, RNG(0))
    actions = RNG(1).integers(0, 2, (40, 5))
    for k in range(5):
        ours.reset(5, RNG(0))
        real.reset(seed=0)
        real.state = ours.state[k].copy()
        for action in actions:
            seen, over = ours.step(action)
            theirs, _, ended, _, _ = real.step(int(action[k]))
            np.testing.assert_allclose(seen[k], theirs, rtol=0, atol=1e-6)
            assert over[k] == ended
            if ended:
                break


def test_mountain_car_is_gymnasiums_step_by_step(gymnasium):
    real = gymnasium.make("MountainCar-v0").unwrapped
    real.reset(seed=0)
    ours = games.MountainCar()
    ours.reset(1, RNG(0))
    real.state = (ours.place[0], 0.0)
    for _ in range(200):
        button = int(ours.speed[0] > 0)  # push the way it rolls: it arrives
        seen, over = ours.step(np.array([button]))
        for _ in range(4):
            (place, speed), _, ended, _, _ = real.step(2 * button)
            if ended:
                assert over[0]
                return
        assert seen[0] == pytest.approx([2 * place + 1, 20 * speed], abs=1e-5)
        assert not over[0]
    raise AssertionError("It never arrived.")


def test_late_and_mirrored_controls():
    usual, late, mirrored = (
        games.CartPole(**options) for options in ({}, {"delay": 2}, {"mirrored": True})
    )
    for game in (usual, late, mirrored):
        game.reset(3, RNG(0))
    right, left = np.ones(3, int), np.zeros(3, int)
    assert_same(usual.step(right)[:1], mirrored.step(left)[:1])
    speeds = [late.step(right)[0][:, 1].mean() for _ in range(4)]
    assert abs(np.diff(speeds[:2])) < 0.01  # nothing is felt yet
    assert min(np.diff(speeds[1:])) > 0.15


def test_the_steering_games_share_their_controls_and_gravity_pulls_planes_down():
    race, flight = games.Racing(), games.Flight()
    first = [game.reset(4, RNG(0)) for game in (race, flight)]
    assert_same(first[:1], first[1:])  # the same line, seen in the same way
    for _ in range(10):
        up, _ = race.step(np.full(4, 0.0))
        down, _ = flight.step(np.full(4, 0.0))
    assert (down[:, 0] < up[:, 0] - 0.2).all()
    race.reset(4, RNG(0))
    assert_same(race.step(np.full(4, 5.0))[:1], games_after(games.Racing(), 1.0)[:1])


def games_after(game, stick):
    game.reset(4, RNG(0))
    return game.step(np.full(4, stick))


def test_training_learns_is_the_same_again_and_leaves_frozen_layers_alone():
    game = games.CartPole()
    first = games.policy(game, seed=3)
    scores = games.train(first, game, 12, seed=0)
    assert scores[-1] > 100 > scores[0]
    again = games.train(games.policy(game, seed=3), game, 3, seed=0)
    np.testing.assert_array_equal(again, scores[:3])
    part = games.moved(first, new_last=True, frozen=True, seed=1)
    before = part.get_weights()
    assert_same(before[:4], first.get_weights()[:4])
    games.train(part, game, 1)
    assert_same(part.get_weights()[:4], before[:4])
    assert not np.allclose(part.get_weights()[4], before[4])


def test_a_start_for_a_control_has_the_same_numbers_and_is_as_sure():
    game = games.CartPole()
    source = games.policy(game, seed=0)
    games.train(source, game, 5)
    seen = RNG(0).normal(size=(500, 4)).astype("float32")
    control = games.matched(source, seen)
    for ours, theirs in zip(
        control.get_weights()[:4], source.get_weights(), strict=False
    ):
        np.testing.assert_array_equal(np.sort(ours, None), np.sort(theirs, None))
        assert ours.size < 40 or not np.array_equal(ours, theirs)
    lean = [np.diff(x.predict(seen, verbose=0), axis=1) for x in (control, source)]
    assert lean[0].mean() == pytest.approx(lean[1].mean(), abs=1e-3)
    assert lean[0].std() == pytest.approx(lean[1].std(), rel=1e-3)
    assert abs(np.corrcoef(lean[0].ravel(), lean[1].ravel())[0, 1]) < 0.98


def test_what_is_played_without_noise_is_what_keras_says():
    for game in (games.CartPole(), games.Flight()):
        policy = games.policy(game, seed=1)
        played = games.play(policy, game, RNG(0), noise=False, players=6, steps=4)
        said = policy.predict(played.seen.reshape(24, -1), verbose=0)
        best = said.argmax(axis=1) if game.buttons else said[:, 0]
        np.testing.assert_allclose(played.actions.ravel(), best, atol=1e-5)
        assert played.score == 4 and played.alive.all()


def test_steps_that_are_left_are_the_score_where_a_game_is_to_end():
    game = games.MountainCar()
    played = games.play(games.policy(game), game, RNG(0), players=3, steps=5)
    assert played.score == 0  # nobody arrives so soon


def test_the_measures_by_hand():
    scratch = np.array([[0, 50, 100, 150, 200, 200.0]] * 2)
    moved = np.array([[100, 150, 200, 200, 200, 200.0], [0] * 6])
    found = games.measure(moved, scratch)
    assert_same(found["jumpstart"], [100, 0])
    assert_same(found["time_to_threshold"], [1 - 3, 6 - 3])
    assert_same(found["asymptote"], [190 - 140, -140])
    assert_same(found["ratio"], [1050 / 700 - 1, -1])
    assert games.measure(moved[0], scratch[0])["jumpstart"] == 100


def test_an_animation_is_small_tells_what_it_shows_and_stands_without_a_kernel():
    for game in (games.CartPole(), games.Racing(), games.MountainCar()):
        shown = games.animate({"one": games.policy(game), "two": games.policy(game, 1)},
                              game, steps=60)  # fmt: skip
        data, metadata = shown._repr_mimebundle_()
        assert len(shown.gif) < 300_000 and shown.alt.endswith("steps.")
        assert data["text/html"].startswith('<img alt="Animation of ')
        assert metadata["image/png"]["alt"] == repr(shown) == data["text/plain"]
        film = Image.open(io.BytesIO(shown.gif))
        assert film.n_frames > 1 and film.size == (600, 170)


def test_bad_input():
    cart, race = games.CartPole(), games.Racing()
    policy = games.policy(cart)
    refused("length must be above 0", games.CartPole, length=0)
    refused("delay counts steps", games.CartPole, delay=1.5)
    refused("gravity must be above 0", games.Flight, gravity=-1)
    refused("call reset before step", games.CartPole().step, [0])
    cart.reset(2, RNG(0))
    refused("one action for each of 2 players", cart.step, [0])
    refused("0 and 1, the two buttons", cart.step, [0, 2])
    refused(
        "needs a policy of 6 inputs and 1 outputs", games.play, policy, race, RNG(0)
    )
    refused("updates must be 1 or more", games.train, policy, cart, 0)
    refused("same shape", games.measure, np.ones(9), np.ones(8))
    refused("mean of 5 updates", games.measure, np.ones(4), np.ones(4))
    refused("one to three policies", games.animate, {}, cart)
