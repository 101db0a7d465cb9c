"""Action Units while a person sits before the camera: a preview, never stored as a result.

`engine.Engine` holds one session: a picture goes in, what can be said at that moment comes out, from the same
tracker, measures, nets and rules as the analysis of a recording (`analysis.pipeline`), with nothing of the future.
`decoder` opens the pictures that browsers send, in a confined process of each session. How far these numbers lie
from those of the analysis is measured by ``python -m analysis live`` and stands in ``docs/method.md``.
"""
