"""Measuring in segments gives what measuring in one go gives, bit for bit, wherever a recording is cut."""

import json
import multiprocessing
import os
import shutil
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import cores, media, pipeline
from analysis.segments import bench, parallel
from analysis.segments import join as joining
from analysis.segments import part as parts
from analysis.segments.plan import Plan, plan
from analysis.types import AnalysisError, Cancelled
from tests.analysis.clips import numbered, write

pytestmark = [pytest.mark.timeout(900), pytest.mark.usefixtures("models")]
DEMO = Path(__file__).resolve().parents[2] / "facsweb" / "demo"
PART_US = 10_000_000
COUNT, STEP_US = 560, 80_000


def scene(path: Path) -> list[int]:
    """45 s with all that is difficult at the joints (20, 25 and 35 s); returns the times of its pictures.

    Two people side by side until a cut at 20 s, after which they have changed places and the light; one leaves,
    and comes back 0.2 s before 25 s; nobody from 33 to 37 s; uneven times; damage before one joint and at another.
    """
    one = _faces(DEMO / "interview.mp4", 200)
    other = _faces(DEMO / "demonstration.mp4", 240)
    uneven = np.random.default_rng(7).integers(-20_000, 20_000, COUNT)
    times = [int(i * STEP_US + (uneven[i] if i else 0)) for i in range(COUNT)]
    write(path, _pictures(times, one, other), times_us=times, keyframes=20, preset="ultrafast")
    _damage(path, [12_400_000, 24_960_000])
    return times


def _faces(path: Path, count: int) -> list[np.ndarray]:
    found = []
    for _, frame in zip(range(count), media.frames(path), strict=False):
        side = min(frame.rgb.shape[:2])
        left = (frame.rgb.shape[1] - side) // 2
        found.append(cv2.resize(frame.rgb[:side, left : left + side], (240, 240), interpolation=cv2.INTER_AREA))
    return found


def _pictures(times, one, other):
    for i, time_us in enumerate(times):
        at = time_us / 1e6
        after = at >= 20
        picture = np.full((270, 520, 3), 200 if after else 60, np.uint8)
        if not 33 <= at < 37:
            move = round(8 * np.sin(at))
            left = 270 if after else 8
            picture[15:255, left + move : left + move + 240] = one[i % len(one)]
            if at > 2 and not 21 <= at < 24.8:
                left = 8 if after else 270
                picture[15:255, left + 2 : left + 242] = other[i % len(other)]
        yield (picture * 0.8).astype(np.uint8) if after else picture


def _damage(path: Path, moments_us: list[int]) -> None:
    """Overwrite the middle of the packets that are shown at about these times."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size and not packet.is_keyframe]
        places = {float(p.pts * p.time_base) * 1e6: (p.pos, p.size) for p in packets}
    data = bytearray(path.read_bytes())
    for moment in moments_us:
        pos, size = places[min(places, key=lambda one: abs(one - moment))]
        data[pos + size // 3 : pos + size // 3 + 40] = b"\xa5" * 40
    path.write_bytes(data)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The scene, measured in one go and in segments that are not joined yet."""
    folder = tmp_path_factory.mktemp("segments")
    video = folder / "scene.mp4"
    scene(video)
    pipeline.measure(video, folder / "whole")
    chosen = plan(video, over_us=PART_US, part_us=PART_US)
    for number in range(chosen.parts):
        parts.measure_part(video, chosen, number, folder / f"part-{number}")
    return folder, video, chosen


def joined(measured, out: Path, change=lambda folders: None) -> joining.Joined:
    folder, video, chosen = measured
    folders = [Path(shutil.copytree(folder / f"part-{n}", out / f"part-{n}")) for n in range(chosen.parts)]
    change(folders)
    found = []

    def work(temporary, stream, package):
        made = joining.join(video, chosen, folders, temporary / pipeline.PARQUET, temporary / "between")
        found.append(made)
        return pipeline.Counts(made.frames, made.persons, made.skipped_packets, made.seconds)

    pipeline.published(video, out / "joined", None, work)
    return found[0]


def assert_same(measured, out: Path) -> None:
    whole, other = measured[0] / "whole", out / "joined"
    a, b = (pq.read_table(folder / "measurement.parquet") for folder in (whole, other))
    for name in a.column_names:
        np.testing.assert_array_equal(a[name].to_numpy(), b[name].to_numpy(), err_msg=name)
    about, again = (json.loads((folder / "measurement.json").read_text()) for folder in (whole, other))
    assert about == again


def test_scene_is_as_difficult_as_it_says(measured):
    folder, _, chosen = measured
    assert [joint.begin_us for joint in chosen.joints] == [20_000_000, 25_000_000, 35_000_000]
    table = pq.read_table(folder / "whole" / "measurement.parquet", columns=["frame", "time_us", "face", "track"])
    rows = {name: table[name].to_numpy() for name in table.column_names}
    at = rows["time_us"] / 1e6
    assert {-1, 0, 1} <= set(rows["face"])
    assert rows["track"].max() >= 3
    assert (rows["face"][(at > 33.1) & (at < 37)] == -1).all()
    _, together = np.unique(rows["frame"][(at > 15) & (at < 20)], return_counts=True)
    assert np.median(together) == 2
    about = json.loads((folder / "whole" / "measurement.json").read_text())
    assert about["video"]["frames"] == len(set(rows["frame"]))


def test_joined_is_as_measured_in_one_go(measured, tmp_path):
    """Bit for bit, everywhere: rows, frames, tracks, persons; and so all that is read from them."""
    found = joined(measured, tmp_path)
    assert_same(measured, tmp_path)
    assert found.again < 150, "some 5 s at most had to be measured again"
    pipeline.interpret(measured[0] / "whole")
    pipeline.interpret(tmp_path / "joined")
    for name in ("events.csv", "neutral.json"):
        assert (tmp_path / "joined" / name).read_bytes() == (measured[0] / "whole" / name).read_bytes()
    a, b = (pq.read_table(one / "signals.parquet") for one in (measured[0] / "whole", tmp_path / "joined"))
    for name in a.column_names:
        np.testing.assert_array_equal(a[name].to_numpy(), b[name].to_numpy(), err_msg=name)


def test_segments_that_never_stand_alike_are_measured_in_one_go(measured, tmp_path):
    def other_faces(folders):
        about = json.loads((folders[3] / parts.ABOUT).read_text())
        for mark in about["marks"]:
            mark["alike"] = "another face"
        (folders[3] / parts.ABOUT).write_text(json.dumps(about))

    found = joined(measured, tmp_path, other_faces)
    assert_same(measured, tmp_path)
    assert found.again > 100, "all after 35 s"


def test_missing_segment_is_told(measured, tmp_path):
    with pytest.raises(AnalysisError, match="segment of the recording is missing"):
        joined(measured, tmp_path, lambda folders: (folders[1] / parts.ABOUT).unlink())


def test_joining_can_be_stopped(measured, tmp_path):
    _, video, chosen = measured
    with pytest.raises(Cancelled):
        parts.measure_part(video, chosen, 1, tmp_path / "one", should_stop=lambda: True)
    assert not (tmp_path / "one" / parts.ABOUT).exists()


def test_processes_have_their_share_of_the_cores_and_end_when_the_work_is_stopped(measured, tmp_path):
    told, kept = [], set()

    def hook(stage, done, total, *, still=None):
        told.append((done, total))

    def should_stop():
        kept.update(frozenset(os.sched_getaffinity(one.pid)) for one in multiprocessing.active_children())
        return bool(told) and told[-1][0] > 0  # one of them is at it

    with pytest.raises(Cancelled):
        parallel.measure(measured[1], tmp_path, jobs=2, part_us=PART_US, hook=hook, should_stop=should_stop)
    assert {total for _, total in told} == {sum(measured[2].frames)}
    assert list(tmp_path.iterdir()) == [], "nothing is left"
    assert not multiprocessing.active_children()
    every = frozenset(os.sched_getaffinity(0))
    assert kept == {share or every for share in cores.shares(2)}


def test_bench_compares_one_go_and_segments(tmp_path):
    video = write(tmp_path / "long.mp4", numbered(180), times_us=range(0, 36_000_000, 200_000), preset="ultrafast")
    found = bench.compare(video, jobs=2, fps=2, part_us=PART_US)
    assert (found.frames, found.parts, round(found.minutes, 1)) == (72, 2, 0.6)
    assert found.events_equal
    assert found.measured_difference == found.signals_difference == found.signals_away == 0
    assert found.wall_s.keys() == found.processor_s.keys() == {"all_cores", "one_share", "segments"}
    assert (
        found.processor_s["one_share"]
        <= found.wall_s["one_share"] * len(cores.shares(2)[0] or cores.usable()) + 0.1
    )
    assert "0.6 minutes, 72 pictures (2.0 a second), 2 segments, 2 processes" in found.table()


def test_who_is_older_must_agree():
    """Of two tracks on one face the older stays: a segment that took the other one for older is not entered."""

    def part(slid):
        first = {"frame": 9, "time_us": 5, "tracks": [[0, 0], [1, 1]], "next": [2, 2], "shot": 0, "slid": []}
        last = {**first, "frame": 19, "time_us": 10, "slid": slid}
        return parts.Part(Path(), [first, last], True, 30, [], [], [])

    mark = {"frame": 109, "time_us": 5, "tracks": [[7, 3], [4, 2]], "next": [8, 6], "shot": 2}
    here = joining._Source(part([]))
    enter = joining._continued
    found = enter(here, mark, 1, part([[1, 0]]), part([]).marks[0])
    assert found is not None
    assert (found.tracks(0), found.tracks(1), found.tracks(2)) == (7, 4, 8)
    assert (found.pieces(0), found.pieces(1), found.pieces(5)) == (3, 2, 9)
    assert (found.before, found.shots) == (100, 2)
    assert enter(here, mark, 1, part([[0, 1]]), part([]).marks[0]) is None


def test_where_there_are_no_keyframes_there_are_no_joints(tmp_path):
    pictures = [np.full((48, 64, 3), 90, np.uint8)] * 1000  # anything that moves gets keyframes by itself
    one = write(tmp_path / "one.mp4", pictures, keyframes=10_000)
    assert plan(one, over_us=PART_US, part_us=PART_US).joints == ()
    many = write(tmp_path / "many.mp4", pictures, keyframes=50)
    chosen = plan(many, over_us=PART_US, part_us=PART_US)
    assert [joint.begin_us for joint in chosen.joints] == [20_000_000, 30_000_000]
    assert all(joint.begin_us - joint.keyframe_us >= 10_000_000 for joint in chosen.joints)
    assert sum(chosen.frames) == 1000
    assert Plan.of_plain(json.loads(json.dumps(chosen.plain()))) == chosen
    assert plan(many).parts == 1, "it is shorter than 15 minutes"
    stream = write(tmp_path / "many.ts", pictures, keyframes=50, format_="mpegts")
    assert plan(stream, over_us=PART_US, part_us=PART_US) == Plan(), "no index leads to its keyframes"
