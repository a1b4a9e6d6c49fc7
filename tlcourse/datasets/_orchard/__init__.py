"""How the apples are drawn; `tlcourse.datasets.apples` is the public door.

`tools` soft steps, noise and the canvas; `body` the shape of an apple;
`skin` its colour and light; `foliage` leaves, branches and what lies behind;
`scenes` the studio and the orchard.
"""
