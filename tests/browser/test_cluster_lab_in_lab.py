"""The cluster lab in JupyterLab: a figure, controls that change it, pictures on it."""

import nbformat
import numpy as np
import pytest

from tlcourse.lessons.clusters import figures

CELLS = ["from tlcourse.lessons.clusters import widget", "widget.cluster_lab()"]
SPOT = ".jp-OutputArea-output i[data-says]"
# What a reader sees of a spot's picture: '::after' is drawn, and shows an image.
SHOWN = """
spot => {
    const look = getComputedStyle(spot, '::after');
    return look.display !== 'none' && look.content !== 'none'
        && look.backgroundImage.startsWith('url("data:image/png');
}
"""
# How many pixels a spot is from the place in the figure that it stands for.
OFF_ITS_PLACE = """
spot => {
    const own = spot.getBoundingClientRect();
    const all = spot.closest('div').querySelector('img').getBoundingClientRect();
    const share = side => parseFloat(spot.style[side]) / 100;
    return Math.hypot(
        own.x + own.width / 2 - all.x - share('left') * all.width,
        own.y + own.height / 2 - all.y - share('top') * all.height,
    );
}
"""


@pytest.fixture
def page(lesson_of):
    """JupyterLab with a notebook in which the cluster lab has run."""
    page = lesson_of(*CELLS)
    assert page.errors() == ""
    return page


def wait_for_alt(page, *words):
    """Wait for one figure whose description holds all these words."""
    chosen = "".join(f'[alt*="{word}"]' for word in words)
    page.page.locator(f".jp-OutputArea-output img{chosen}").wait_for(timeout=30_000)
    [(_, alt)] = page.pictures()
    return alt


def move_slider(page, place, key, times=1):
    page.page.locator('.jp-OutputArea-output [role="slider"]').nth(place).focus()
    for _ in range(times):
        page.page.keyboard.press(key)


def test_static_figure_then_other_clusters_features_and_pictures(page):
    alt = wait_for_alt(page, "Map of", "in 4 clusters", "silhouette", "NMI")
    assert alt.startswith("apples by imagenet distilled")
    page.screenshot("cluster_lab")
    before = page.pictures()
    move_slider(page, 0, "ArrowRight")
    page.wait_for_other_pictures(before)
    wait_for_alt(page, "in 5 clusters")
    for label, option, alt in (
        ("features", "glyphs", "apples by glyphs: 5 clusters"),
        ("projection", "PCA", "apples by glyphs: 5 clusters, PCA"),
        ("data", "digits", "digits by glyphs"),
    ):
        page.page.get_by_label(label, exact=True).select_option(option)
        wait_for_alt(page, alt)
    move_slider(page, 1, "ArrowRight", 4)
    wait_for_alt(page, "Cluster 5 has")
    # Fewer clusters than the one that is looked into: the last there is.
    move_slider(page, 0, "ArrowLeft", 2)
    wait_for_alt(page, "in 3 clusters", "Cluster 3 has")
    page.screenshot("cluster_lab_digits")
    assert page.errors() == "" and "could not be drawn" not in page.outputs()


def test_pointing_shows_a_picture_and_a_click_keeps_it_for_the_eye_to_see(page):
    image = page.page.locator(".jp-OutputArea-output img")
    image.scroll_into_view_if_needed()
    spots = page.page.locator(SPOT)
    assert spots.count() > 100
    shown = [spots.nth(k).evaluate(SHOWN) for k in range(0, spots.count(), 30)]
    assert not any(shown)
    for place in (0, 60, 120):
        spots.nth(place).hover(force=True)
        showing = page.page.locator(f"{SPOT}:hover")
        assert showing.count() == 1 and showing.evaluate(SHOWN)
        assert "cluster" in showing.get_attribute("data-says")
        assert spots.nth(place).evaluate(OFF_ITS_PLACE) < 1.5
    page.screenshot("cluster_lab_hover")
    page.page.mouse.move(5, 5)
    assert page.page.locator(f"{SPOT}:hover").count() == 0
    figure = image.locator("xpath=..")
    before = figure.screenshot()
    spots.nth(10).click(force=True)
    page.page.mouse.move(5, 5)
    kept = page.page.locator(f"{SPOT}:focus")
    assert kept.count() == 1 and kept.evaluate(SHOWN)
    assert figure.screenshot() != before
    page.screenshot("cluster_lab_click")


def test_a_map_from_a_stored_lesson_that_is_not_trusted(lesson_of):
    points = np.random.default_rng(0).normal(size=(30, 2))
    images = np.random.default_rng(1).uniform(0, 255, (30, 8, 8, 3))
    members, scores = np.arange(30) % 3, {"No label": {"silhouette": 0.1}}
    picture = figures.cluster_lab(points, members, images, scores, 0, [0, 3], [6])
    data, metadata = picture._repr_mimebundle_()
    output = nbformat.v4.new_output("display_data", data, metadata=metadata)
    page = lesson_of("draw()", outputs=[output], run=False)
    [(_, alt)] = page.pictures()
    assert alt == picture.alt and "3 clusters" in alt
    assert page.outputs().strip() == ""  # no style and no code where a style was
    image = page.page.locator(".jp-OutputArea-output img").bounding_box()
    assert image["width"] > 500
    page.screenshot("cluster_map_not_trusted")
