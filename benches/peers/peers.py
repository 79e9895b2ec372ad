"""What all comparisons share: our program as a child, works taken in turns, and the line that says how they went."""

import json
import os
import statistics
import subprocess
import time

# Where the peers that can compute on a GPU do: "cpu", or "cuda" beside a program of ours that was built for one.
DEVICE = os.environ.get("PEERS_DEVICE", "cpu")


class Ours:
    """Our program, which does a piece of work for every line it is sent."""

    def __init__(self, program, *arguments):
        command = [program, *map(str, arguments)]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert json.loads(self.child.stdout.readline())["ready"]

    def ask(self, what):
        self.child.stdin.write(f"{what}\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def peak_reset():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def peak():
    """The largest resident size, in MB, since the last reset."""
    with open("/proc/self/status") as file:
        kilobytes = next(line for line in file if line.startswith("VmHWM")).split()[1]
    return int(kilobytes) / 1024


def compare(name, peer, ours, what, rounds=5, warm_up=1, agree=None, units=1):
    """Does a work in turns: `peer()`, and what our program does when asked for `what`. The first rounds warm up.

    `peer` answers with what it found, or with seconds and what it found where it times itself.
    `agree(theirs, mine)` says how alike the last answers are. `units` of work are in one call.
    """
    theirs, mine, memory = [], [], [0, 0]
    for number in range(rounds + warm_up):
        peak_reset()
        start = time.perf_counter()
        found = peer()
        wait()
        seconds = time.perf_counter() - start
        if isinstance(found, Timed):
            seconds, found = found
        answer = ours.ask(what)
        if number >= warm_up:
            theirs.append(seconds)
            mine.append(answer["seconds"])
            memory = [max(memory[0], peak()), max(memory[1], answer["peak_mb"])]
    ratios = sorted(a / b for a, b in zip(theirs, mine))
    report = dict(
        work=name, peer_seconds=statistics.median(theirs) / units, our_seconds=statistics.median(mine) / units,
        ratio=statistics.median(ratios), lowest=ratios[0], highest=ratios[-1],
        peer_peak_mb=round(memory[0]), our_peak_mb=round(memory[1]),
    )
    if agree:
        report["agreement"] = agree(found, answer["answer"])
    print(json.dumps(report), flush=True)


def wait():
    """Until the peer's device has done what it was given."""
    if DEVICE != "cpu":
        import torch

        torch.cuda.synchronize()


class Timed(tuple):
    """Seconds and an answer."""

    def __new__(cls, seconds, answer):
        return super().__new__(cls, (seconds, answer))


def folder(argument):
    from pathlib import Path

    path = Path(argument)
    path.mkdir(parents=True, exist_ok=True)
    return path
