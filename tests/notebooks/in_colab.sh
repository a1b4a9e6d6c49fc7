#!/usr/bin/env bash
# Inside Colab's image: every lesson from top to bottom, as Colab's user runs it. The
# first set-up cell adds the course, a wheel of this checkout, and what else is missing.
set -euo pipefail

names='tensorflow|keras|numpy|ipython|ipywidgets|ipykernel'
colabs() { python -m pip list --format freeze | grep -iE "^($names)=="; }
before=$(colabs)

python -m pip install --quiet build nbclient nbconvert
python -m build --wheel --outdir /tmp/wheels .
export TLCOURSE_SOURCE
TLCOURSE_SOURCE=$(ls /tmp/wheels/*.whl)

# Not in the checkout: there the package itself would be found.
lessons=$PWD/notebooks
mkdir /tmp/desk && cd /tmp/desk
failed=""
for lesson in "$lessons"/*.ipynb; do
  python -m nbconvert --to notebook --execute --output-dir . "$lesson" || failed+=" $lesson"
done

test "$before" = "$(colabs)" || { echo "Colab's own versions changed."; exit 1; }
test -z "$failed" || { echo "Failed:$failed"; exit 1; }
