"""Where the rigs come from: public repositories that the user fetches; nothing of them is committed here.

========================================  ==============  ====================================================
repository                                folder          licence
========================================  ==============  ====================================================
makehumancommunity/makehuman              makehuman       assets CC0 (the program is AGPL: only its data is read)
makehumancommunity/makehuman-assets       mha             CC0
montybot/FACSHuman                        FACSHuman       LGPL-3 (data files only)
ICT-VGL/ICT-FaceKit (Light)               ICT-FaceKit     MIT
========================================  ==============  ====================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from analysis.training.world.types import RigName

_DATA: Final = "makehuman/data"


class MissingSourcesError(ValueError):
    """The folder of sources lacks something; the message says what."""


@dataclass(frozen=True)
class Source:
    """One repository at one commit.

    Attributes
    ----------
    repository, commit, licence : str
        What was used and under which terms.
    folder : str
        Name of its working tree in the folder of sources.
    rig : str
        The rig that it is needed for.
    needs : tuple of str
        Paths in it that are read.
    """

    repository: str
    commit: str
    licence: str
    folder: str
    rig: RigName
    needs: tuple[str, ...]


SOURCES: Final = (
    Source(
        "makehumancommunity/makehuman",
        "a8bc2d54ff0ac92e78ff71431b1023eda42bf482",
        "assets CC0",
        "makehuman",
        "mh",
        (
            f"{_DATA}/3dobjs/base.obj",
            f"{_DATA}/targets/macrodetails",
            f"{_DATA}/targets/mouth",
            f"{_DATA}/eyes/high-poly/high-poly.obj",
            f"{_DATA}/eyes/high-poly/high-poly.mhclo",
            f"{_DATA}/eyes/materials/brown_eye.png",
        ),
    ),
    Source(
        "makehumancommunity/makehuman-assets",
        "8cf9645b975a98eea056b140df11a1d278da0d10",
        "CC0",
        "mha",
        "mh",
        (
            "base/teeth/teeth_base/teeth_base.obj",
            "base/teeth/teeth_base/teeth_base.mhclo",
            "base/eyelashes/eyelashes01/eyelashes01.obj",
            "base/eyelashes/eyelashes01/eyelashes01.mhclo",
            "base/eyebrows/eyebrow001/eyebrow001.mhclo",
            "base/hair",
        ),
    ),
    Source(
        "montybot/FACSHuman",
        "a8d281feac6a6fdd0733a372840ce472e8b1ff05",
        "LGPL-3",
        "FACSHuman",
        "mh",
        (
            "FACSHuman/01 Upper Face AUs",
            "FACSHuman/02 Lower Face AUs",
            "FACSHuman/03 Lip Parting and Jaw Opening",
            "FACSHuman/04 Eye Positions",
            "FACSHuman/06 Miscellaneous AUs",
            "custom/close_lips.target",
        ),
    ),
    Source(
        "ICT-VGL/ICT-FaceKit",
        "da5f95a607f5e6b37755b38d3385d7f2853732e5",
        "MIT",
        "ICT-FaceKit",
        "ict",
        (
            "FaceXModel/generic_neutral_mesh.obj",
            "FaceXModel/vertex_indices.json",
            "FaceXModel/jawOpen.obj",
            "FaceXModel/identity099.obj",
        ),
    ),
)


def missing(folder: Path, rig: RigName | None = None) -> list[str]:
    """Say what `folder` lacks for `rig` (None: both), one line per path with the repository that has it."""
    return [
        f"{source.folder}/{path} (from github.com/{source.repository} at {source.commit[:12]})"
        for source in SOURCES
        if rig in (None, source.rig)
        for path in source.needs
        if not (folder / source.folder / path).exists()
    ]


def require(folder: Path, rig: RigName | None = None) -> None:
    """Check the folder of sources.

    Raises
    ------
    MissingSourcesError
        Something is missing; the message lists it.
    """
    gaps = missing(folder, rig)
    if gaps:
        raise MissingSourcesError(f"{folder} lacks:\n  " + "\n  ".join(gaps))
