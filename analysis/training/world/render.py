"""Pictures of a posed face with moderngl on EGL; a software rasteriser will do, there need be no display."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import moderngl
import numpy as np

from analysis.training.world import shaders
from analysis.training.world.camera import Camera, look_at, perspective, shadow_view
from analysis.training.world.mesh import REGIONS, split
from analysis.training.world.shot import Look, Prop, Shot
from analysis.training.world.types import Float32, Surface, UInt8

_SHADOW_SIZE = 1024
_REGION_SIZE = 192
#: Where a lamp's shadow map is centred (the middle of the head) and how far it reaches, centimetres.
_SHADOW_CENTRE, _SHADOW_RADIUS = (0.0, 0.0, 5.0), 24.0


@cache
def context() -> Any:
    """Open the process's one OpenGL context.

    Raises
    ------
    Exception
        moderngl's own, when EGL is missing.
    """
    settings: dict[str, Any] = {"backend": "egl"}  # moderngl's own annotation of `backend` is wrong
    return moderngl.create_context(standalone=True, **settings)


def rasterise_uv(surface: Surface, material: int, values: Float32, size: int) -> Float32:
    """Spread a vertex value (V, 3) over a material's texture: (size, size, 4), top row v = 1, alpha = covered."""
    chosen = surface.material == material
    corners = np.hstack(
        [surface.uv[surface.uv_triangles[chosen].reshape(-1)], values[surface.triangles[chosen].reshape(-1)]]
    ).astype(np.float32)
    gl = context()
    program = gl.program(shaders.ATLAS_VERTEX, shaders.ATLAS_FRAGMENT)
    buffer = gl.buffer(corners.tobytes())
    target = gl.texture((size, size), 4, dtype="f4")
    frame = gl.framebuffer([target])
    frame.use()
    frame.clear(0, 0, 0, 0)
    gl.disable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
    array = gl.vertex_array(program, [(buffer, "2f 3f", "uv", "value")])
    array.render()
    out = np.frombuffer(target.read(), np.float32).reshape(size, size, 4)[::-1].copy()
    for thing in (array, frame, target, buffer, program):
        thing.release()
    return out


class Renderer:
    """Draws shots of one rig, `size` pixels wide and high (draw larger and shrink for smooth edges)."""

    def __init__(self, surface: Surface, size: int) -> None:
        gl = self._gl = context()
        self.size = size
        mesh = self._mesh = split(surface)
        self._programs = {
            "skin": gl.program(shaders.FACE_VERTEX, shaders.SKIN_FRAGMENT),
            "parts": gl.program(shaders.FACE_VERTEX, shaders.PART_FRAGMENT),
            "shadow": gl.program(shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT),
            "prop": gl.program(shaders.PROP_VERTEX, shaders.PROP_FRAGMENT),
            "region": gl.program(shaders.REGION_VERTEX, shaders.REGION_FRAGMENT),
            "cover": gl.program(shaders.COVER_VERTEX, shaders.COVER_FRAGMENT),
        }
        self._dynamic = gl.buffer(reserve=len(mesh.source) * 24, dynamic=True)
        static = gl.buffer(mesh.static.tobytes())
        skin, parts = gl.buffer(mesh.skin.tobytes()), gl.buffer(mesh.parts.tobytes())
        everything = gl.buffer(np.vstack([mesh.skin, mesh.parts]).tobytes())
        content = [
            (self._dynamic, "3f 3f", "position", "normal"),
            (static, "2f 1f 3f 1f", "uv", "material", "rest", "region"),
        ]

        def array(program: str, index: Any) -> Any:
            return gl.vertex_array(self._programs[program], content, index, skip_errors=True)

        self._arrays = {
            "skin": array("skin", skin),
            "parts": array("parts", parts),
            "shadow": array("shadow", everything),
            "region": array("region", everything),
        }
        self._frame = gl.framebuffer([gl.renderbuffer((size, size), 4)], gl.depth_renderbuffer((size, size)))
        self._shadow_map = gl.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow_map.compare_func = "<="
        self._shadow_frame = gl.framebuffer(depth_attachment=self._shadow_map)
        small = (_REGION_SIZE, _REGION_SIZE)
        self._region_frame = gl.framebuffer([gl.renderbuffer(small, 4)], gl.depth_renderbuffer(small))
        self._textures: dict[str, Any] = {}
        self._look: Look | None = None
        self._eyes = {side: self._eye_centre(surface, side) for side in "LR"}
        self._mouth_depth = self._cavity(surface)

    @staticmethod
    def _eye_centre(surface: Surface, side: str) -> tuple[float, float, float]:
        """Point 16 mm behind the apex of the cornea at rest: the iris is painted around the axis through both."""
        ball = np.unique(surface.triangles[np.isin(surface.material, (4, 5))])
        points = surface.rest[ball]
        points = points[(points[:, 0] > 0) == (side == "L")]
        apex = points[points[:, 2] > points[:, 2].max() - 0.15].mean(axis=0)
        return float(apex[0]), float(apex[1]), float(points[:, 2].max() - 1.6)

    @staticmethod
    def _cavity(surface: Surface) -> tuple[float, float]:
        """Depths between which the mouth's inside grows light, centimetres."""
        front = float(surface.rest[surface.landmarks["lips_inner"]][:, 2].max())
        return front - 5.5, front - 0.8

    def _texture(self, name: str, picture: np.ndarray, dtype: str = "f1") -> None:
        if name in self._textures:
            self._textures.pop(name).release()
        flipped = np.ascontiguousarray(picture[::-1])
        channels = 1 if picture.ndim == 2 else picture.shape[2]
        texture = self._gl.texture(picture.shape[1::-1], channels, flipped.tobytes(), dtype=dtype)
        if dtype == "f1":  # relief is about as fine as the picture's pixels and changes with each of them
            texture.build_mipmaps()
            texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._textures[name] = texture

    def dress(self, look: Look) -> None:
        """Take an identity's colours for the shots to come."""
        self._look = look
        self._texture("skin", look.skin)
        self._texture("head", look.head)

    def draw(self, shot: Shot) -> UInt8:
        """Draw `shot`: (size, size, 4) RGBA, alpha 0 where nothing is.

        Raises
        ------
        ValueError
            Before `dress`.
        """
        if self._look is None:
            raise ValueError("dress() comes before draw()")
        gl, programs = self._gl, self._programs
        self._dynamic.write(self._mesh.dynamic(shot.vertices).tobytes())
        wrinkles = np.zeros((4, 4), np.float16) if shot.wrinkles is None else shot.wrinkles.astype(np.float16)
        self._texture("wrinkles", wrinkles, "f2")
        packed = [(prop, *self._upload(prop)) for prop in shot.props]
        lamp = shadow_view(shot.light, _SHADOW_CENTRE, _SHADOW_RADIUS)
        self._draw_shadows(shot, lamp, packed)
        self._frame.use()
        self._frame.clear(0, 0, 0, 0)
        for name in ("skin", "parts"):
            self._set_scene(programs[name], shot, shot.head, lamp)
            self._set_face(programs[name])
            gl.enable(moderngl.CULL_FACE) if name == "skin" else gl.disable(moderngl.CULL_FACE)
            self._arrays[name].render()
        gl.disable(moderngl.CULL_FACE)
        for prop, buffer, index in sorted(packed, key=lambda entry: -entry[0].opacity):
            self._draw_prop(prop, buffer, index, shot, lamp)
        for _, buffer, index in packed:
            buffer.release()
            index.release()
        raw = self._frame.read(components=4)
        return np.frombuffer(raw, np.uint8).reshape(self.size, self.size, 4)[::-1]

    def visible(self, shot: Shot) -> dict[str, float]:
        """Share of each of `REGIONS` that the props leave in view, 0–1; 0 as well where the pose hides it all."""
        bare = self._count_regions(shot, ())
        solid = tuple(prop for prop in shot.props if prop.opacity > 0.5)
        left = self._count_regions(shot, solid) if solid else bare
        return {name: float(left[i] / bare[i]) if bare[i] else 0.0 for i, name in enumerate(REGIONS, start=1)}

    def _upload(self, prop: Prop) -> tuple[Any, Any]:
        return self._gl.buffer(prop.packed.tobytes()), self._gl.buffer(prop.triangles.astype(np.int32).tobytes())

    def _draw_shadows(self, shot: Shot, lamp: Float32, packed: Iterable[tuple[Prop, Any, Any]]) -> None:
        gl = self._gl
        gl.enable(moderngl.DEPTH_TEST)
        gl.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self._shadow_frame.use()
        self._shadow_frame.clear(depth=1.0)
        _matrix(self._programs["shadow"], "transform", lamp @ shot.head)
        self._arrays["shadow"].render()
        for prop, buffer, index in packed:
            if prop.opacity > 0.9:
                self._cover(prop, buffer, index, lamp @ shot.head)

    def _cover(self, prop: Prop, buffer: Any, index: Any, transform: Float32) -> None:
        program = self._programs["cover"]
        _matrix(program, "transform", transform)
        program["strands"].value = prop.strands
        array = self._gl.vertex_array(
            program, [(buffer, "3f 24x 2f 12x", "position", "uv")], index, skip_errors=True
        )
        array.render()
        array.release()

    def _draw_prop(self, prop: Prop, buffer: Any, index: Any, shot: Shot, lamp: Float32) -> None:
        gl, program = self._gl, self._programs["prop"]
        self._set_scene(program, shot, shot.head, lamp)
        for name in ("roughness", "f0", "wrap", "opacity", "strands"):
            program[name].value = getattr(prop, name)
        if prop.opacity < 1:
            gl.enable(moderngl.BLEND)
            # the picture's alpha says where the figure is, so glass must not lower it
            gl.blend_func = (
                moderngl.SRC_ALPHA,
                moderngl.ONE_MINUS_SRC_ALPHA,
                moderngl.ONE,
                moderngl.ONE_MINUS_SRC_ALPHA,
            )
        content = [(buffer, "3f 3f 3f 2f 3f", "position", "normal", "tangent", "uv", "albedo")]
        array = gl.vertex_array(program, content, index, skip_errors=True)
        array.render()
        array.release()
        gl.disable(moderngl.BLEND)

    def _set_scene(self, program: Any, shot: Shot, model: Float32, lamp: Float32) -> None:
        camera, light = shot.camera, shot.light
        _matrix(program, "model", model)
        _matrix(program, "view_projection", _projection(camera))
        _matrix(program, "light", lamp)
        for name, vector in (
            ("eye_position", camera.position),
            ("key_direction", _unit(light.key_direction)),
            ("fill_direction", _unit(light.fill_direction)),
            ("key_colour", light.key_colour),
            ("fill_colour", light.fill_colour),
            ("ambient_sky", light.ambient_sky),
            ("ambient_ground", light.ambient_ground),
        ):
            program[name].value = tuple(float(x) for x in vector)
        self._shadow_map.use(3)
        program["shadow_map"].value = 3

    def _set_face(self, program: Any) -> None:
        look = self._look
        assert look is not None
        values: dict[str, Any] = {
            "pores": look.pores, "gloss": look.gloss, "wrap": (0.35, 0.18, 0.12),
            "lash_colour": look.lash, "lash_width": look.lash_width, "iris_colour": look.iris,
            "iris_radius": 0.62, "pupil_radius": look.pupil_radius,
            "eye_left": self._eyes["L"], "eye_right": self._eyes["R"], "mouth_depth": self._mouth_depth,
        }  # fmt: skip
        for unit, name in enumerate(("skin", "head", "wrinkles")):
            self._textures[name].use(unit)
            values[name] = unit
        for name, value in values.items():
            if name in program:  # the compiler drops what a program does not use
                program[name].value = value

    def _count_regions(self, shot: Shot, props: Iterable[Prop]) -> np.ndarray:
        gl = self._gl
        gl.enable(moderngl.DEPTH_TEST)
        gl.disable(moderngl.CULL_FACE | moderngl.BLEND)
        self._dynamic.write(self._mesh.dynamic(shot.vertices).tobytes())
        self._region_frame.use()
        self._region_frame.clear(0, 0, 0, 0)
        view = _projection(shot.camera)
        _matrix(self._programs["region"], "transform", view @ shot.head)
        self._arrays["region"].render()
        for prop in props:
            buffer, index = self._upload(prop)
            self._cover(prop, buffer, index, view @ shot.head)
            buffer.release()
            index.release()
        raw = np.frombuffer(self._region_frame.read(components=4), np.uint8)[::4]
        return np.bincount(raw, minlength=len(REGIONS) + 1)


def _projection(camera: Camera) -> Float32:
    matrix: Float32 = perspective(camera.field_of_view) @ look_at(camera.position, camera.target)
    return matrix


def _unit(vector: Float32) -> Float32:
    direction = np.asarray(vector, np.float32)
    unit: Float32 = direction / np.linalg.norm(direction)
    return unit


def _matrix(program: Any, name: str, value: np.ndarray) -> None:
    program[name].write(np.ascontiguousarray(value.T, dtype=np.float32).tobytes())
