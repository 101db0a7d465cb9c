"""Pictures of identities with exact labels: draws poses, faces, rooms and things in front, and writes them down.

Everything is drawn from (run's seed, rig, identity): a run gives the same pictures whichever part of it is run
where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from analysis.training.world import rigs, sampling, scene, table
from analysis.training.world.accessories import Outfit, Thing, Wardrobe
from analysis.training.world.camera import Camera, head_rotation
from analysis.training.world.render import Renderer, rasterise_uv
from analysis.training.world.shot import Shot
from analysis.training.world.skin import Canvas, paint
from analysis.training.world.types import Activation, Float32, Identity, Rig, RigName, UInt8
from analysis.training.world.wrinkles import Ground, Wrinkles

#: The first pictures of each identity show it at rest; the very first from the front, with nothing in front of it.
NEUTRAL = 3
#: Pictures are drawn this much larger and then shrunk.
_SUPERSAMPLING = 1.5
#: How many of the identities wear glasses, and of the pictures have something in front of the face.
_WITH_GLASSES, _WITH_THING = 0.25, 0.18


@dataclass(frozen=True)
class Job:
    """What to render.

    Attributes
    ----------
    world : Path
        Folder that ``rigs.prepare`` filled.
    identities : range
        Seeds of the identities.
    pictures : int
        For each identity, the neutral ones included.
    out : Path
        Folder of the pictures and their table.
    size : int
        Side of a picture, pixels.
    """

    world: Path
    rig: RigName
    identities: range
    pictures: int
    seed: int
    out: Path
    size: int = 384


@dataclass(frozen=True)
class Person:
    """An identity made ready for pictures."""

    identity: Identity
    wrinkles: Wrinkles
    outfit: Outfit


class Studio:
    """A rig with all that takes long to set up."""

    def __init__(self, rig: Rig, world: Path, size: int) -> None:
        self.rig, self.size = rig, size
        self.renderer = Renderer(rig.surface, round(size * _SUPERSAMPLING))
        self.canvas = Canvas.of(rig.surface, rasterise_uv)
        self.ground = Ground(self.canvas)
        self.wardrobe = Wardrobe(rig, world)

    def enter(self, seed: int, rng: Generator) -> Person:
        """Make identity `seed` ready; its look depends on its seed alone."""
        identity = self.rig.identity(seed)
        own = np.random.default_rng((seed, rigs.RIGS.index(identity.rig), 1))
        self.renderer.dress(paint(own, self.canvas, identity.appearance))
        wrinkles = Wrinkles.draw(own, self.ground, identity.appearance.age)
        glasses = rng.random() < _WITH_GLASSES
        return Person(identity, wrinkles, self.wardrobe.dress(rng, identity, identity.vertices({}), glasses))

    def camera(self, rng: Generator, vertices: Float32, head: Float32) -> Camera:
        """Draw a camera for a posed face (V, 3) and its head's turn (4, 4)."""
        marks = self.rig.surface.landmarks
        brow, chin = (vertices[marks[name]].mean(axis=0) for name in ("brow_L", "chin"))
        middle = np.array([0.0, (brow[1] + chin[1]) / 2, brow[2]], np.float32)
        height = float(brow[1] - chin[1])
        return scene.draw_camera(rng, (head[:3, :3] @ middle).astype(np.float32), height)

    def photograph(
        self, rng: Generator, person: Person, activation: Activation, number: int
    ) -> tuple[UInt8, table.Row]:
        """Take picture `number` of a person: BGR picture and its row, without the file's name."""
        vertices = person.identity.vertices(activation)
        neutral, frontal = number < NEUTRAL, number == 0
        pose = scene.Pose(0.0, 0.0, 0.0) if frontal else scene.draw_pose(rng, neutral)
        head = head_rotation(pose.yaw, pose.pitch, pose.roll)
        camera = self.camera(rng, vertices, head)
        thing = Thing("none", ())
        if not frontal and rng.random() < _WITH_THING:
            thing = self.wardrobe.thing(rng, vertices, person.identity.appearance)
        props = (*person.outfit.props, *thing.props)
        shot = Shot(vertices, head, camera, scene.draw_light(rng), person.wrinkles.relief(activation), props)
        drawn = self.renderer.draw(shot)
        picture = scene.develop(rng, drawn, scene.draw_background(rng, self.size), scene.draw_faults(rng))
        look = person.identity.appearance
        row = {
            "identity": str(person.identity.seed),
            "rig": person.identity.rig,
            "cohort": look.cohort,
            "sex": look.sex or "",
            "age": f"{look.age:.2f}",
            "neutral": str(int(neutral)),
            "yaw_deg": f"{pose.yaw:.2f}",
            "pitch_deg": f"{pose.pitch:.2f}",
            "roll_deg": f"{pose.roll:.2f}",
            "occluder": thing.name,
            "glasses": person.outfit.glasses,
            "hair": person.outfit.hair,
            **table.visible_cells(self.renderer.visible(shot)),
            **table.label_cells(person.identity.labels(activation, vertices)),
        }
        return picture, row


def activation_of(rng: Generator, rig: Rig, number: int) -> Activation:
    """What the face does in picture `number`: nothing at first, then what ``sampling`` draws; the gaze wanders."""
    if number == 0:
        return {}
    gaze = sampling.gaze(rng)
    return gaze if number < NEUTRAL else {**sampling.sample(rng, rig.codes), **gaze}


def render(job: Job, report: Callable[[int, int], None] = lambda identity, pictures: None) -> int:
    """Render what is missing of a job; `report` is told each finished identity and the pictures so far.

    Raises
    ------
    FileNotFoundError
        The world folder was not prepared.
    ValueError
        The output folder holds a table of another version, or fewer pictures are asked for than the neutral ones.
    """
    if job.pictures < NEUTRAL:
        raise ValueError(f"an identity has at least {NEUTRAL} pictures, the neutral ones")
    job.out.mkdir(parents=True, exist_ok=True)
    done = table.start(job.out, job.pictures)
    studio = Studio(rigs.load(job.world, job.rig), job.world, job.size)
    made = 0
    for seed in job.identities:
        if seed in done:
            continue
        rng = np.random.default_rng((job.seed, rigs.RIGS.index(job.rig), seed))
        person = studio.enter(seed, rng)
        rows = []
        for number in range(job.pictures):
            activation = activation_of(rng, studio.rig, number)
            picture, row = studio.photograph(rng, person, activation, number)
            row["file"] = f"{job.rig}_{seed:05d}_{number:03d}.jpg"
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 96))]
            if not cv2.imwrite(str(job.out / row["file"]), picture, quality):
                raise OSError(f"cannot write {row['file']}")
            rows.append(row)
        table.append(job.out, rows)
        made += len(rows)
        report(seed, made)
    return made
