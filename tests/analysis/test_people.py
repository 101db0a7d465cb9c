"""People by hand: what `people.json` makes of a measurement that stays as it is."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from analysis import people, pipeline
from analysis.people import Person, Piece
from analysis.types import AnalysisError
from tests.people import write_measurement


@pytest.fixture
def folder(tmp_path):
    """Two faces for ten seconds at 25 frames a second: face 0 is tracks 0 and 2, face 1 is track 1."""
    write_measurement(tmp_path)
    return tmp_path


def faces_of(folder):
    summary = json.loads((folder / "summary.json").read_text())
    signals = pq.read_table(folder / "signals.parquet")["face"].to_numpy()
    with (folder / "events.csv").open() as file:
        events = {int(row["face"]) for row in csv.DictReader(file)}
    numbers = [face["face"] for face in summary["faces"]]
    assert set(signals.tolist()) == set(numbers)
    assert events <= set(numbers)
    return {face["face"]: face["seen_frames"] for face in summary["faces"]}


def test_as_measured(folder):
    found = people.sightings(folder).as_measured()
    assert found == [Person((Piece(0), Piece(2))), Person((Piece(1),))]
    pipeline.interpret(folder)
    as_found = faces_of(folder)
    people.write(folder, found)
    pipeline.interpret(folder)
    assert faces_of(folder) == as_found == {0: 200, 1: 250}


def test_a_join_is_undone_a_track_is_split_at_a_time_and_somebody_is_left_out(folder):
    before = (folder / "measurement.parquet").read_bytes()
    split = [
        Person((Piece(0),)),
        Person((Piece(1, 0, 4_000_000),)),
        Person((Piece(2),), left_out=True),
        Person((Piece(1, 4_000_000),)),
    ]
    people.write(folder, split)
    assert people.read(folder) == split
    pipeline.interpret(folder)
    assert faces_of(folder) == {0: 100, 1: 100, 3: 150}
    assert (folder / "measurement.parquet").read_bytes() == before


def test_a_new_measurement_forgets_the_people_of_the_old_one(folder):
    people.write(folder, people.sightings(folder).as_measured())
    assert people.PEOPLE in pipeline._RESULTS


def test_measurements_without_tracks_have_one_a_face(folder):
    table = pq.read_table(folder / "measurement.parquet").drop_columns(["track"])
    pq.write_table(table, folder / "measurement.parquet")
    assert people.sightings(folder).as_measured() == [Person((Piece(0),)), Person((Piece(1),))]


def test_nobodys_rows_are_not_read(folder):
    found = people.sightings(folder).person([Person((Piece(1),))])
    assert np.unique(found).tolist() == [-1, 0]


@pytest.mark.parametrize("content", ["{", "[]", '{"people": [{}]}', '{"people": [{"pieces": [{"track": -1}]}]}'])
def test_a_damaged_file_is_a_sentence(folder, content):
    (folder / people.PEOPLE).write_text(content)
    with pytest.raises(AnalysisError, match=r"people.json cannot be read"):
        pipeline.interpret(folder)


@pytest.mark.parametrize("values", [(-1, 0, None), (0, -1, None), (0, 5, 5), (0, 5, 4)])
def test_a_piece_is_checked(values):
    with pytest.raises(ValueError, match="not a piece"):
        Piece(*values)
