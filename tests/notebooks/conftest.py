"""Mends for nbval 0.11, which runs the lessons; test_nbval_mends.py shows what for.

It lets a cell pass that fails before any code runs (an unknown %magic), waits out the
time limit for a dead kernel, compares the first state of an output that is redrawn, and
keeps no history, so that a semicolon hides nothing. It also measures each lesson's
seconds and its kernel's most memory, of which Binder gives 2 GB. Each notebook begins
with an empty record of what its learner did, not with the user's own.
"""

import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from queue import Empty

from nbval import kernel as nbval_kernel
from nbval import plugin as nbval_plugin

STEP = 1.0  # seconds between two looks at whether the kernel lives
MOST_MEMORY = 1900  # MB of 2**20 bytes

_run_cell = nbval_plugin.IPyNbCell.runtest
_compare = nbval_plugin.IPyNbCell.compare_outputs
_next_message = nbval_plugin.IPyNbFile.get_kernel_message
_start = nbval_plugin.IPyNbFile.setup


def setup(self):
    """Start a notebook's kernel as one of a learner who has done nothing yet."""
    self.record = tempfile.TemporaryDirectory()
    os.environ["TLCOURSE_RECORD"] = f"{self.record.name}/learner.json"
    _start(self)


def execute_cell_input(self, cell_input, allow_stdin=None):
    """Run a cell as a front end does, with history."""
    return self.kc.execute(
        cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )


def await_reply(self, msg_id, timeout=None):
    """Wait for the kernel's reply; raise when it reports an error or has died."""
    ends = time.monotonic() + (timeout or float("inf"))
    while True:
        try:
            message = self.get_message(stream="shell", timeout=STEP)
        except Empty:
            if not self.is_alive():
                died = "The kernel died in this cell; often the memory was full."
                raise RuntimeError(died) from None
            if time.monotonic() > ends:
                raise
            continue
        if message["parent_header"].get("msg_id") == msg_id:
            self.last_reply = message["content"]
            return


def runtest(self):
    """Run a cell; fail where the reply says "error" and nbval saw none."""
    self.parent.displays = []
    kernel = self.parent.kernel
    kernel.last_reply = {}
    _run_cell(self)
    reply = kernel.last_reply
    if reply.get("status") == "error" and not self.options["check_exception"]:
        problem = f"{reply.get('ename')}: {reply.get('evalue')}"
        self.raise_cell_error(f"The cell failed: {problem}")
    before, peak = self.parent.peak, peak_memory(kernel)
    self.parent.peak = peak
    self.user_properties.append(("peak_mb", peak))
    if before <= MOST_MEMORY < peak:
        most = f"a lesson may hold {MOST_MEMORY} at most: Binder ends it at 2 GB"
        self.raise_cell_error(f"The kernel now holds {peak:.0f} MB; {most}.")


def peak_memory(kernel):
    """Give the most memory that a kernel has held so far, in MB; 0 if not on Linux."""
    status = Path(f"/proc/{kernel.km.provisioner.pid}/status")
    if not status.exists():
        return 0
    (line,) = [line for line in status.open() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 2**10


def pytest_terminal_summary(terminalreporter):
    """Tell the seconds and the peak memory of every notebook that ran."""
    seconds, peak = defaultdict(float), {}
    for report in sum(terminalreporter.stats.values(), []):
        for name, value in getattr(report, "user_properties", ()):
            if name == "peak_mb" and report.when == "call":
                notebook = report.nodeid.partition("::")[0]
                seconds[notebook] += report.duration
                peak[notebook] = value
    for notebook in sorted(peak):
        took = f"{seconds[notebook]:6.0f} s{peak[notebook]:7.0f} MB"
        terminalreporter.write_line(f"{Path(notebook).name:40}{took}")


def get_kernel_message(self, timeout=None, stream="iopub"):
    """Pass a message on, and remember outputs that are redrawn in place."""
    while True:
        message = _next_message(self, timeout=timeout, stream=stream)
        kind, content = message["msg_type"], message["content"]
        name = content.get("transient", {}).get("display_id")
        if kind in ("display_data", "execute_result"):
            self.displays.append({"name": name, "data": content["data"]})
        if kind != "update_display_data":
            return message
        for display in self.displays:
            if display["name"] == name:
                display["data"] = content["data"]


def compare_outputs(self, test, ref, skip_compare=None):
    """Compare the last state of each output with the stored one."""
    shown = [out for out in test if "data" in out]
    for out, display in zip(shown, self.parent.displays, strict=False):
        out["data"] = display["data"]
    return _compare(self, test, ref, skip_compare)


def pytest_configure(config):
    nbval_kernel.RunningKernel.execute_cell_input = execute_cell_input
    nbval_kernel.RunningKernel.await_reply = await_reply
    nbval_plugin.IPyNbCell.runtest = runtest
    nbval_plugin.IPyNbCell.compare_outputs = compare_outputs
    nbval_plugin.IPyNbFile.get_kernel_message = get_kernel_message
    nbval_plugin.IPyNbFile.setup = setup
    nbval_plugin.IPyNbFile.displays = []
    nbval_plugin.IPyNbFile.peak = 0
