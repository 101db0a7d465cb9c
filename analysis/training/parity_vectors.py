"""Makes the reference outputs against which every conversion of the face models is checked.

The references come from the makers' own runtimes: LiteRT (``ai-edge-litert``) for the two detectors, MediaPipe's
own graph for the attention mesh (LiteRT lacks its three custom operators) and, end to end, MediaPipe's FaceMesh
solution. They need numpy < 2, so run this in an environment of its own, from the repository's root::

    uv venv --python 3.11 /tmp/parity
    uv pip install --python /tmp/parity/bin/python mediapipe==0.10.21 ai-edge-litert scikit-image 'numpy<2'
    /tmp/parity/bin/python -m analysis.training.parity_vectors

The picture is ``skimage.data.astronaut()`` (NASA, public domain), cropped at native resolution; the second input
is noise from `analysis.models.parity.noise`, which has no face in it and drives the nets far from their habits.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.models import parity, registry

Outputs = dict[str, NDArray[np.float32]]
CROP = (slice(10, 202), slice(128, 320))
"""Rows and columns of the astronaut's face, 192×192."""


def main() -> None:
    import cv2
    import mediapipe  # type: ignore[import-not-found]
    import skimage.data

    photograph = skimage.data.astronaut()  # type: ignore[no-untyped-call]
    face = np.ascontiguousarray(photograph[CROP])
    folder = parity.FOLDER
    cv2.imwrite(str(folder / "face.png"), face[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    modules = Path(mediapipe.__file__).parent.parent
    for spec in registry.MODELS.values():
        model = modules / spec.member
        run = _mesh_outputs if spec.id == registry.MESH else _detector_outputs
        arrays: Outputs = {}
        for case, picture in parity.pictures(spec.id).items():
            for name, values in run(model, picture).items():
                arrays[f"{case}/{name}"] = parity.sample(values)
        np.savez_compressed(folder / f"{spec.id}.npz", **arrays)  # type: ignore[arg-type]
    np.savez_compressed(folder / "end-to-end.npz", **_solution(photograph))  # type: ignore[arg-type]
    size = sum(path.stat().st_size for path in folder.iterdir())
    sys.stdout.write(f"{size / 1000:.0f} kB in {folder}\n")


def _detector_outputs(model: Path, picture: NDArray[np.uint8]) -> Outputs:
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found]

    interpreter = Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], picture[None] * np.float32(2 / 255) - 1)
    interpreter.invoke()
    return {d["name"]: interpreter.get_tensor(d["index"])[0].copy() for d in interpreter.get_output_details()}


MESH_GRAPH = """
input_stream: "image"
{streams}
node {{ calculator: "ImageToTensorCalculator"
  input_stream: "IMAGE:image" output_stream: "TENSORS:input"
  options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
    output_tensor_width: 192 output_tensor_height: 192 output_tensor_float_range {{ min: 0.0 max: 1.0 }} }} }} }}
node {{ calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:op_resolver" }}
node {{ calculator: "InferenceCalculator"
  input_side_packet: "OP_RESOLVER:op_resolver"
  input_stream: "TENSORS:input" output_stream: "TENSORS:tensors"
  options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
    model_path: "{model}" delegate {{ tflite {{}} }} }} }} }}
node {{ calculator: "SplitTensorVectorCalculator"
  input_stream: "tensors" {splits}
  options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {ranges} }} }} }}
{floats}
"""


def _mesh_outputs(model: Path, picture: NDArray[np.uint8]) -> Outputs:
    import mediapipe

    names = parity.MESH_OUTPUTS
    text = MESH_GRAPH.format(
        model=model,
        streams="\n".join(f'output_stream: "{name}"' for name in names),
        splits=" ".join(f'output_stream: "{name}_tensor"' for name in names),
        ranges=" ".join(f"ranges: {{ begin: {i} end: {i + 1} }}" for i in range(len(names))),
        floats="\n".join(
            f'node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:{name}_tensor" '
            f'output_stream: "FLOATS:{name}" }}'
            for name in names
        ),
    )
    found: Outputs = {}
    graph: Any = mediapipe.CalculatorGraph(graph_config=text)

    def keep(name: str, packet: Any) -> None:
        found[name] = np.array(mediapipe.packet_getter.get_float_list(packet), np.float32)

    for name in names:
        graph.observe_output_stream(name, keep)
    graph.start_run()
    frame = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture)
    graph.add_packet_to_input_stream("image", mediapipe.packet_creator.create_image(frame).at(0))
    graph.close_all_packet_sources()
    graph.wait_until_done()
    return found


def _solution(photograph: NDArray[np.uint8]) -> Outputs:
    """MediaPipe's face landmark graph on one still: short-range detector, crop, mesh.

    Returns the crop as ``region`` (x, y, side in pixels, angle in radians), the detector's ``score``, and
    ``landmarks``, shape (478, 3), in pixels.
    """
    from mediapipe.python.solution_base import SolutionBase  # type: ignore[import-not-found]

    height, width = photograph.shape[:2]
    graph = SolutionBase(
        binary_graph_path="mediapipe/modules/face_landmark/face_landmark_front_cpu.binarypb",
        side_inputs={"num_faces": 1, "with_attention": True, "use_prev_landmarks": False},
        outputs=["multi_face_landmarks", "face_rects_from_detections", "face_detections"],
    )
    found = graph.process(photograph)
    graph.close()
    rect = found.face_rects_from_detections[0]
    points = found.multi_face_landmarks[0].landmark
    region = [rect.x_center * width, rect.y_center * height, rect.width * width, rect.rotation]
    return {
        "region": np.array(region, np.float32),
        "score": np.array(found.face_detections[0].score[0], np.float32),
        "landmarks": np.array([[p.x * width, p.y * height, p.z * width] for p in points], np.float32),
    }


if __name__ == "__main__":
    main()
