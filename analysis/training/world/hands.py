"""A hand with its forearm, cut from the MakeHuman body (CC0), bent at the fingers and laid on a face.

The hand's own frame: the wrist at the origin, y along the fingers, z out of the palm; centimetres. The stored
hand is the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analysis.training.world.obj import read_obj
from analysis.training.world.sources import require
from analysis.training.world.types import Float32, Int32

NAME: Final = "hand.npz"
_CM_PER_UNIT: Final = 10.0
#: Everything of the body beyond this x (file's unit) is the left hand with half of the forearm.
_CUT_X: Final = 3.6
#: How sharply a vertex belongs to the nearest bone, centimetres.
_BLEND_CM: Final = 0.35
_FINGERS, _JOINTS = 5, 4


@dataclass(frozen=True)
class Hand:
    """A left hand.

    Attributes
    ----------
    vertices : (V, 3) float32
    triangles : (T, 3) int32
    joints : (5, 4, 3) float32
        Thumb to little finger, knuckle to tip.
    weights : (V, 16) float32
        Share of the palm with the forearm, then of the three bones of each finger.
    """

    vertices: Float32
    triangles: Int32
    joints: Float32
    weights: Float32

    @classmethod
    def load(cls, world: Path) -> Hand | None:
        """Load the hand from the folder of built files; None where it was not built (there is no MakeHuman)."""
        path = world / NAME
        if not path.exists():
            return None
        with np.load(path) as file:
            return cls(file["vertices"], file["triangles"], file["joints"], file["weights"])

    @property
    def palm(self) -> Float32:
        """Middle of the palm, (3,)."""
        middle: Float32 = self.joints[1:, 0].mean(axis=0) * np.float32(0.6)
        return middle

    @property
    def fingers(self) -> Float32:
        """Middle of the four fingers, (3,)."""
        middle: Float32 = self.joints[1:, 1].mean(axis=0)
        return middle

    def bent(self, angles: Float32) -> Float32:
        """Bend the fingers: vertices (V, 3) for `angles` (5, 3) in degrees, positive into the palm."""
        turned = np.empty((1 + _FINGERS * 3, 4, 4), np.float32)
        turned[0] = np.eye(4)
        for finger in range(_FINGERS):
            chain = np.eye(4, dtype=np.float32)
            along = self.joints[finger, 1] - self.joints[finger, 0]
            axis = np.cross(along, (0.0, 0.0, 1.0))
            for joint in range(3):
                chain = chain @ _about(self.joints[finger, joint], axis, float(angles[finger, joint]))
                turned[1 + finger * 3 + joint] = chain
        points = np.hstack([self.vertices, np.ones((len(self.vertices), 1), np.float32)])
        moved = np.einsum("bij,vj->vbi", turned[:, :3], points)
        out: Float32 = np.einsum("vb,vbi->vi", self.weights, moved).astype(np.float32)
        return out


def _about(point: Float32, axis: Float32, degrees: float) -> Float32:
    """Rotate about an axis through `point`, (4, 4) (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    a = np.radians(degrees)
    rotation = np.eye(3) + np.sin(a) * cross + (1 - np.cos(a)) * cross @ cross
    out = np.eye(4, dtype=np.float32)
    out[:3, :3] = rotation
    out[:3, 3] = point - rotation @ point
    return out


def _bone_weights(vertices: Float32, joints: Float32) -> Float32:
    """Share of each bone in each vertex, (V, 16), by distance to the bones."""
    palm = [(np.zeros(3), joints[finger, 0]) for finger in range(_FINGERS)]
    palm.append((np.zeros(3), np.array([0.0, -20.0, 0.0])))
    bones = [palm]
    bones += [[(joints[f, j], joints[f, j + 1])] for f in range(_FINGERS) for j in range(3)]
    distance = np.stack(
        [np.min([_to_segment(vertices, *part) for part in bone], axis=0) for bone in bones], axis=1
    )
    closeness = np.exp(-(((distance - distance.min(axis=1, keepdims=True)) / _BLEND_CM) ** 2))
    out: Float32 = (closeness / closeness.sum(axis=1, keepdims=True)).astype(np.float32)
    return out


def _to_segment(points: Float32, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    along = end - start
    share = np.clip((points - start) @ along / (along @ along), 0, 1)
    return np.asarray(np.linalg.norm(points - start - share[:, None] * along, axis=1))


def build(sources: Path, world: Path) -> Path:
    """Cut the hand from the MakeHuman base mesh and store it in the folder `world`.

    Raises
    ------
    MissingSourcesError
        MakeHuman is not there.
    """
    require(sources, "mh")
    mesh = read_obj(sources / "makehuman/makehuman/data/3dobjs/base.obj")

    def joint(name: str) -> Float32:
        """Middle of the little cube that marks a joint."""
        cube: Float32 = mesh.vertices[np.unique(mesh.triangles[mesh.groups == name])].mean(axis=0)
        return cube

    wrist = joint("joint-l-hand")
    raw = np.array([[joint(f"joint-l-finger-{f}-{j}") for j in range(1, 5)] for f in range(1, 6)]) - wrist
    y = raw[2, 0] / np.linalg.norm(raw[2, 0])
    across = raw[1, 0] - raw[4, 0]
    z = np.cross(across, y)
    z /= np.linalg.norm(z)
    if ((raw[1:, 3] - raw[1:, 0]) @ z).mean() < 0:  # a hand at rest bends its fingers into the palm
        z = -z
    frame = np.stack([np.cross(y, z), y, z])
    body = mesh.triangles[mesh.groups == "body"]
    own = body[(mesh.vertices[body][:, :, 0] > _CUT_X).all(axis=1)]
    used, triangles = np.unique(own, return_inverse=True)
    vertices = ((mesh.vertices[used] - wrist) @ frame.T * _CM_PER_UNIT).astype(np.float32)
    joints = (raw @ frame.T * _CM_PER_UNIT).astype(np.float32)
    path = world / NAME
    world.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        path,
        vertices=vertices,
        triangles=triangles.reshape(-1, 3).astype(np.int32),
        joints=joints,
        weights=_bone_weights(vertices, joints),
    )
    return path
