"""Small pictures of the people of a recording, made when somebody looks and kept nowhere."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow.parquet as pq

from analysis import confined
from analysis.types import MediaError
from facsweb.recordings.services import jpeg, original_path
from facsweb.runs import people_reading, services
from facsweb.runs.models import AnalysisRun
from facsweb.runs.services import RunRefused
from facsweb.studies.models import Scope
from facsweb.studies.services import require_consent

_MARGIN: Final = 0.35  # of the face's size, around it
_USUAL_PX: Final = 200.0  # a face larger than this does not make a better picture


def picture(measured: AnalysisRun, number: int) -> bytes:
    """A small picture of a person (numbered from 0), from the recording; nothing of it is kept.

    Raises
    ------
    RunRefused
        There is no such person, they withdrew consent, or no picture can be read.
    ConsentMissing
        The consent of the recording's participant is gone.
    """
    require_consent(measured.recording.participant, [Scope.VIDEO])
    seen = people_reading.seen_in(measured)
    everybody = people_reading.current(measured, seen)
    if not 0 <= number < len(everybody) or everybody[number].participant in people_reading.without_consent(
        everybody
    ):
        raise RunRefused("There is no picture of this person.")
    columns = ["face", "time_us", "box_x", "box_y", "box_w", "box_h", "yaw_deg"]
    table = pq.read_table(services.result_dir(measured) / services.MEASUREMENT[0], columns=columns)
    whose = seen.person([one.person for one in everybody])
    rows = np.flatnonzero(table["face"].to_numpy() >= 0)[whose == number]
    time_us, *box, yaw = (table[name].to_numpy()[rows].astype(float) for name in columns[1:])
    score = np.minimum(box[2], _USUAL_PX) * np.cos(np.radians(np.nan_to_num(yaw, nan=90.0)))
    best = int(np.argmax(np.nan_to_num(score, nan=-1.0)))
    try:
        rgb = confined.still(original_path(measured.recording), int(time_us[best]))
    except (MediaError, OSError) as error:
        raise RunRefused("There is no picture of this person.") from error
    x, y, width, height = (float(side[best]) for side in box)
    top, left = max(0, int(y - _MARGIN * height)), max(0, int(x - _MARGIN * width))
    crop = rgb[top : int(y + (1 + _MARGIN) * height), left : int(x + (1 + _MARGIN) * width)]
    if not crop.size:
        raise RunRefused("There is no picture of this person.")
    return jpeg(np.ascontiguousarray(crop))
