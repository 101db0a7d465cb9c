"""Alignment of landmarks to the reference face, and head pose; batched, numpy only.

Axes of a face: x to the subject's left (image right), y up, z towards the camera, centimetres. Head angles:
``yaw > 0`` turns to the subject's own left, ``pitch > 0`` chin up, ``roll > 0`` tilts to the own left; degrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.face.anchors import ANCHOR_WEIGHTS, ANCHORS
from analysis.face.reference import reference
from analysis.types import Float32

Float64 = NDArray[np.float64]

_FLIP: Final = np.array([1.0, -1.0, -1.0])  # image axes (y down, z away) to face axes, and back
_STEPS: Final = 6  # Gauss-Newton steps; four already reach 0.01 degree from the Procrustes start
_SQRT_WEIGHTS: Final = np.sqrt(ANCHOR_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Aligned:
    """Faces laid over the reference.

    Attributes
    ----------
    points : float32, shape (N, 478, 3)
        Centimetres in reference axes; head position, rotation and size removed.
    rotation : float64, shape (N, 3, 3)
        Takes reference axes to the pictured head's (both x left, y up, z towards the camera).
    px_per_cm : float64, shape (N,)
        Size of the face in the picture.
    """

    points: Float32
    rotation: Float64
    px_per_cm: Float64


def align(landmarks: Float32) -> Aligned:
    """Weighted Procrustes (similarity) of every face's anchors to the reference's.

    Parameters
    ----------
    landmarks : float32, shape (N, 478, 3)
        Pixels of the upright frame; z in the same scale, smaller is nearer.
    """
    anchors = landmarks[:, ANCHORS].astype(np.float64) * _FLIP
    goal = reference().xyz[ANCHORS]
    centre = np.einsum("a,nac->nc", ANCHOR_WEIGHTS, anchors)
    moved = anchors - centre[:, None]
    covariance = np.einsum("nai,aj->nij", moved, goal * ANCHOR_WEIGHTS[:, None])
    u, s, vt = np.linalg.svd(covariance)
    sign = np.ones_like(s)
    sign[:, 2] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
    to_reference = np.einsum("nji,nj,nkj->nik", vt, sign, u)
    spread = np.einsum("a,nac->n", ANCHOR_WEIGHTS, moved**2)
    cm_per_px = (s * sign).sum(1) / np.maximum(spread, 1e-12)
    linear = (to_reference * cm_per_px[:, None, None] * _FLIP).astype(np.float32)
    shift = -np.einsum("nij,nj->ni", linear, (centre * _FLIP).astype(np.float32))
    points = landmarks @ np.swapaxes(linear, 1, 2) + shift[:, None]
    return Aligned(points.astype(np.float32), np.swapaxes(to_reference, 1, 2), 1 / cm_per_px)


def _rotations(vectors: Float64) -> Float64:
    """Rodrigues: rotation vectors (N, 3) to matrices (N, 3, 3)."""
    angle = np.linalg.norm(vectors, axis=1)
    axis = vectors / np.maximum(angle, 1e-12)[:, None]
    cross = _cross_matrices(axis)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.asarray(np.eye(3) + sine * cross + (1 - cosine) * (cross @ cross))


def _cross_matrices(vectors: Float64) -> Float64:
    out = np.zeros((*vectors.shape[:-1], 3, 3))
    x, y, z = np.moveaxis(vectors, -1, 0)
    out[..., 0, 1], out[..., 0, 2] = -z, y
    out[..., 1, 0], out[..., 1, 2] = z, -x
    out[..., 2, 0], out[..., 2, 1] = -y, x
    return out


def head_pose(landmarks: Float32, aligned: Aligned, width: int, height: int) -> Float64:
    """Perspective pose of every head from its anchors' x and y (PnP by Gauss-Newton from the Procrustes pose).

    The camera is unknown: focal length is taken as the longer picture side (a field of view of 53°), as MediaPipe
    and OpenFace assume too, so distances are comparable within a recording, not absolute.

    Returns
    -------
    float64, shape (N, 4)
        Yaw, pitch, roll in degrees and distance in centimetres.
    """
    focal = float(max(width, height))
    pixel = landmarks[:, ANCHORS, :2].astype(np.float64) - [width / 2, height / 2]
    model = reference().xyz[ANCHORS] * _FLIP  # camera axes: x right, y down, z away
    rotation = aligned.rotation * np.outer(_FLIP, _FLIP)
    depth = focal / aligned.px_per_cm
    centre = np.einsum("a,nac->nc", ANCHOR_WEIGHTS, pixel) / aligned.px_per_cm[:, None]
    shift = np.concatenate([centre, depth[:, None]], axis=1)
    for _ in range(_STEPS):
        turned = model @ np.swapaxes(rotation, 1, 2)
        x, y, z = np.moveaxis(turned + shift[:, None], -1, 0)
        z = np.maximum(z, 1.0)
        project = np.zeros((*z.shape, 2, 3))
        project[..., 0, 0] = project[..., 1, 1] = focal / z
        project[..., 0, 2], project[..., 1, 2] = -focal * x / z**2, -focal * y / z**2
        jacobian = np.concatenate([project @ -_cross_matrices(turned), project], axis=-1)
        jacobian *= _SQRT_WEIGHTS[:, None, None]
        error = (pixel - np.stack([focal * x / z, focal * y / z], axis=-1)) * _SQRT_WEIGHTS[:, None]
        jacobian = jacobian.reshape(len(z), -1, 6)
        normal = np.swapaxes(jacobian, 1, 2) @ jacobian
        # a small damping keeps a degenerate face (all points in one place) from stopping the whole batch
        normal += np.eye(6) * (1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-9)
        gradient = np.swapaxes(jacobian, 1, 2) @ error.reshape(len(z), -1, 1)
        step = np.linalg.solve(normal, gradient)[..., 0]
        rotation = _rotations(step[:, :3]) @ rotation
        shift = shift + step[:, 3:]
    head = rotation * np.outer(_FLIP, _FLIP)
    yaw = np.degrees(np.arctan2(head[:, 0, 2], head[:, 2, 2]))
    pitch = np.degrees(np.arcsin(np.clip(head[:, 1, 2], -1, 1)))
    roll = np.degrees(np.arctan2(-head[:, 1, 0], head[:, 1, 1]))
    return np.stack([yaw, pitch, roll, shift[:, 2]], axis=1)
