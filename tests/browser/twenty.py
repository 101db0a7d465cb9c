"""Twenty events to be coded on a ten-minute recording, by keyboard alone and by mouse alone, and what that takes.

``pytest -s tests/browser/test_keyboard.py -k twenty`` runs both and prints the figures of docs/workbench.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import pyarrow as pa
import pyarrow.parquet as pq

#: Keystroke-level model: a key of an average typist, a click (down and up), moving the pointer to a target.
KEY_S, CLICK_S, WAY_S = 0.2, 0.2, 1.1
FRAME_US = 40_000
ROUNDS = 60
FRAMES = ROUNDS * 250
PATIENCE_S = 60
#: Onset, apex, offset as frame numbers; notation.
SCRIPT: list[tuple[int, int, int, str]] = [
    (130, 142, 175, "12C"),
    (410, 415, 441, "1B"),
    (988, 1001, 1022, "L14A"),
    (1500, 1510, 1520, "4D"),
    (2222, 2225, 2229, "45"),
    (2750, 2763, 2794, "R12B"),
    (3333, 3344, 3366, "U15C"),
    (4096, 4107, 4140, "17B"),
    (4801, 4812, 4833, "9E"),
    (5555, 5566, 5599, "6C"),
    (6007, 6018, 6049, "25A"),
    (6789, 6799, 6809, "20B"),
    (7777, 7790, 7823, "L2"),
    (8500, 8511, 8532, "51B"),
    (9001, 9012, 9045, "M55"),
    (10010, 10021, 10043, "24C"),
    (11111, 11124, 11155, "23D"),
    (12345, 12355, 12365, "7B"),
    (13500, 13521, 13542, "64"),
    (14700, 14712, 14744, "R10C"),
]
SIDES = {"L": "left", "R": "right", "U": "unilateral"}


def expected() -> list[tuple[str, str, str, int, int, int]]:
    """Code, side, intensity and times that have to be stored, by onset."""
    from analysis.facs.notation import parse

    events = []
    for onset, apex, offset, text in SCRIPT:
        (unit,) = parse(text)
        times = (onset * FRAME_US, apex * FRAME_US, offset * FRAME_US)
        events.append((unit.code, unit.side, unit.intensity, *times))
    return events


def stored(layer: Any) -> list[tuple[str, str, str, int, int, int]]:
    """The same of a layer."""
    from facsweb.coding.services import current_events

    found = [event.as_dict() for event in current_events(layer)]
    rows = [
        tuple(event[name] for name in ("code", "side", "intensity", "onset_us", "apex_us", "offset_us"))
        for event in found
    ]
    return sorted(rows, key=lambda row: row[3])


def lengthen(source: Path, target: Path) -> None:
    """Copy the packets of a clip of ten seconds again and again, each round later."""
    with av.open(str(source)) as given, av.open(str(target), "w", format="mp4") as made:
        stream = given.streams.video[0]
        out = made.add_stream_from_template(stream)
        round_ticks = round(250 * FRAME_US / 1e6 / stream.time_base)
        for number in range(ROUNDS):
            given.seek(0)
            for packet in given.demux(stream):
                if packet.dts is None:
                    continue
                packet.pts += number * round_ticks
                packet.dts += number * round_ticks
                packet.stream = out
                made.mux(packet)


def ten_minutes(participant: Any, user: Any) -> Any:
    """A finished run of a recording of ten minutes: 15,000 frames of signals, and no proposals."""
    from facsweb.runs.services import result_dir
    from tests.factories import make_finished_run, make_recording

    recording = make_recording(participant, user)
    path = Path(recording.original.path)
    short = path.with_name("short.mp4")
    path.rename(short)
    lengthen(short, path)
    recording.duration_us, recording.size = FRAMES * FRAME_US, path.stat().st_size
    recording.save()
    run = make_finished_run(recording, user)
    folder = result_dir(run)
    table = pq.read_table(folder / "signals.parquet")
    place = table.column_names.index("time_us")
    rounds = [
        table.set_column(
            place, "time_us", pa.array(table["time_us"].to_numpy() + number * 250 * FRAME_US, pa.int64())
        )
        for number in range(ROUNDS)
    ]
    pq.write_table(pa.concat_tables(rounds), folder / "signals.parquet")
    run.summary["video"] |= {"duration_us": FRAMES * FRAME_US, "frames": FRAMES}
    run.summary["faces"][0] |= {"frames": FRAMES, "seen_frames": FRAMES}
    return without_proposals(run)


def without_proposals(run: Any) -> Any:
    """The run as if the machine had found nothing, with the hashes of its files as they are now."""
    from facsweb.runs.job import hashes
    from facsweb.runs.services import result_dir

    path = result_dir(run) / "events.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    run.files = hashes(result_dir(run))
    run.save()
    return run


@dataclass
class Hand:
    """Does to a page what a coder's hands do, and counts it: keys pressed, clicks, ways of the pointer."""

    page: Any
    keys: int = 0
    clicks: int = 0
    ways: int = field(default=0)

    def told(self, events: int) -> str:
        """Counts an event, and seconds by the keystroke-level model (Card, Moran & Newell 1980)."""
        model = self.keys * KEY_S + self.clicks * CLICK_S + self.ways * WAY_S
        counts = f"{self.keys / events:.1f} keys, {self.clicks / events:.1f} clicks, {self.ways / events:.1f} ways"
        return f"{counts}, {model / events:.1f} s by the model"

    def key(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)
            self.keys += name.count("+") + 1 if len(name) > 1 else 1  # Shift counts as a key

    def write(self, text: str) -> None:
        for letter in text:
            self.page.keyboard.press(letter)
            self.keys += 1

    def click(self, selector: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.locator(selector).click()
        self.clicks += times
        self.ways += 1 if times else 0

    def click_at(self, x: float, y: float) -> None:
        self.page.mouse.click(x, y)
        self.clicks += 1
        self.ways += 1


def clock(frame: int) -> str:
    """A time as a coder types it."""
    minutes, seconds = divmod(frame * FRAME_US / 1e6, 60)
    return f"{int(minutes)}:{seconds:.2f}"


def step(hand: Hand, frames: int) -> None:
    hand.key(*["Shift+ArrowRight"] * (frames // 10), *["ArrowRight"] * (frames % 10))


def by_keyboard(hand: Hand) -> None:
    """Code the script: go to the onset, write the code, step to the apex and the offset."""
    for onset, apex, offset, text in SCRIPT:
        hand.key("Shift+T")
        hand.write(clock(onset))
        hand.key("Enter")
        if not text[0].isdigit():
            hand.key("/")
        hand.write(text.lower())
        hand.key("Enter")
        step(hand, apex - onset)
        hand.key("p")
        step(hand, offset - apex)
        hand.key("o")


def _frame(page: Any) -> int:
    return int(page.inner_text("#frame"))


def _to(hand: Hand, frame: int) -> None:
    """Click the ruler where the frame is, and step to it where a pixel is too coarse."""
    page = hand.page
    box = page.locator("#ruler").bounding_box()
    start, end = _arrived(page, lambda start, end: start <= frame * FRAME_US / 1e6 < end)
    x = box["x"] + box["width"] * ((frame + 0.5) * FRAME_US / 1e6 - start) / (end - start)
    hand.click_at(x, box["y"] + box["height"] / 2)
    off = frame - _frame(page)
    hand.click("#forward-1" if off > 0 else "#back-1", abs(off))


def _arrived(page: Any, wanted: Callable[[float, float], bool]) -> tuple[float, float]:
    """What the timeline shows, once that is wanted: a person sees it arrive before clicking on it."""
    until = time.monotonic() + PATIENCE_S
    while not wanted(*(shown := _shown(page))):
        assert time.monotonic() < until, f"The timeline shows {shown[0]:.2f} to {shown[1]:.2f} s."
        page.wait_for_timeout(20)
    return shown


def _shown(page: Any) -> tuple[float, float]:
    """Seconds that the timeline shows."""
    return _window(page.evaluate("document.querySelector('#overview').getAttribute('aria-valuetext')"))


def _window(text: str) -> tuple[float, float]:
    """Seconds from the overview's words, such as ``00:00:05.000 to 00:00:17.000``."""
    import re

    found = re.findall(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", text)
    start, end = (int(h or 0) * 3600 + int(m) * 60 + float(s) for h, m, s in found[:2])
    return start, end


def by_mouse(hand: Hand) -> None:
    """Code the script with the pointer alone: zoom in once; overview, ruler, Add event, menus and buttons."""
    page = hand.page
    start, end = _shown(page)
    while (length := end - start) > 13:
        hand.click("#zoom-in")
        start, end = _arrived(page, lambda start, end, former=length: end - start < former)
    for onset, apex, offset, text in SCRIPT:
        overview = page.locator("#overview").bounding_box()
        hand.click_at(
            overview["x"] + overview["width"] * (onset + 50) / FRAMES, overview["y"] + overview["height"] / 2
        )
        _to(hand, onset)
        hand.click("#event-add")
        _choose(hand, text)
        _to(hand, apex)
        hand.click("#mark-apex")
        _to(hand, offset)
        hand.click("#mark-offset")


def _choose(hand: Hand, text: str) -> None:
    from analysis.facs.codes import CATALOGUE
    from analysis.facs.notation import parse

    (unit,) = parse(text)
    hand.page.locator("#event-code").select_option(unit.code)
    hand.clicks, hand.ways = hand.clicks + 2, hand.ways + 2  # open the list, choose in it
    if CATALOGUE[unit.code].sided and unit.side != "both":
        hand.click(f"#side-{unit.side}")
    if CATALOGUE[unit.code].has_intensity and unit.intensity != "B":
        hand.click(f"#intensity-{unit.intensity.lower() or 'none'}")
