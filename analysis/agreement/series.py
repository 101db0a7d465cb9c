"""The figures of two coders from their counts, in the sample and in every resample at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.agreement import coefficients
from analysis.agreement.bootstrap import medians
from analysis.agreement.coefficients import ratio
from analysis.agreement.counts import VALUES, Counts
from analysis.agreement.frames import UNGRADED
from analysis.agreement.icc import icc_from_sums
from analysis.agreement.shared import Key
from analysis.agreement.summing import NOBODY, Series, counted
from analysis.facs.codes import CATALOGUE

Float64 = NDArray[np.float64]
_GRADES = VALUES - 2


def presence(tables: Float64) -> Float64:
    """Tables of values as tables of absent and present, shape (..., 2, 2)."""
    out = np.empty((*tables.shape[:-2], 2, 2))
    out[..., 0, 0] = tables[..., 0, 0]
    out[..., 0, 1] = tables[..., 0, 1:].sum(-1)
    out[..., 1, 0] = tables[..., 1:, 0].sum(-1)
    out[..., 1, 1] = tables[..., 1:, 1:].sum((-2, -1))
    return out


def both_ways(tables: Float64) -> Float64:
    """Coincidences of two coders: their table and its transpose."""
    return tables + np.swapaxes(tables, -2, -1)


def icc_of_table(tables: Float64, lowest: int) -> tuple[Float64, Float64]:
    """ICC(2,1) and ICC(3,1) of two coders' values ``lowest``, ``lowest + 1``, … from their table."""
    values = np.arange(lowest, lowest + tables.shape[-1], dtype=np.float64)
    first, second = tables.sum(-1), tables.sum(-2)
    totals = np.stack([first @ values, second @ values], -1)
    rows = (tables * np.add.outer(values, values) ** 2).sum((-2, -1))
    return icc_from_sums(first.sum(-1), totals, (first + second) @ values**2, rows)


def ungraded(tables: Float64) -> NDArray[np.bool_]:
    """Where more than half of the frames with the code lack a letter: what is left would be a choice."""
    without = tables[..., UNGRADED, :].sum(-1) + tables[..., :UNGRADED, UNGRADED].sum(-1)
    found: NDArray[np.bool_] = 2 * without > tables.sum((-2, -1)) - tables[..., 0, 0]
    return found


def why_no_intensity(code: str, table: Float64) -> str:
    """Why the intensities of a code's frames have no coefficient."""
    if not CATALOGUE[code].has_intensity:
        return "this code has no intensity"
    if table.sum() == table[0, 0]:
        return NOBODY
    return "intensities are missing" if ungraded(table) else "no variance"


class Resampled:
    """Counts of the sample and of every resample.

    Parameters
    ----------
    counts : Counts
    keys : sequence of Key
        The rows.
    weights : float64, shape (1 + resamples, clusters)
        From `analysis.agreement.bootstrap.draws`.
    """

    def __init__(self, counts: Counts, keys: Sequence[Key], weights: Float64) -> None:
        self.counts, self.keys, self.weights = counts, keys, weights
        self.within = counted(keys)
        clusters = len(counts.clusters)
        tables = np.zeros((clusters, len(keys), VALUES, VALUES))
        events = np.zeros((clusters, len(keys), 3))
        lengths = np.zeros((clusters, len(keys)))
        for place, key in enumerate(keys):
            sums = counts.rows[key]
            tables[:, place], events[:, place], lengths[:, place] = sums.tables, sums.events, sums.lengths_us
        self.tables = np.tensordot(weights, tables, 1)
        self.events = np.tensordot(weights, events, 1)
        self.lengths_us = np.tensordot(weights, lengths, 1)
        self.present = presence(self.tables)
        self.step_us = counts.us / max(1.0, float(counts.frames.sum()))
        row_of = {key: place for place, key in enumerate(keys)}
        self.pair_rows = np.array([row_of[pair.key] for pair in counts.pairs], np.int64)
        self.pair_clusters = np.array([pair.cluster for pair in counts.pairs], np.int64)

    def seconds(self) -> Float64:
        """Time in which the first, the second and both coders coded each row, shape (rows, 3)."""
        found = self.present[0]
        frames = np.stack([found[:, 1].sum(-1), found[:, :, 1].sum(-1), found[:, 1, 1]], -1)
        return frames * self.step_us / 1e6

    def series(self) -> dict[str, Series]:
        """Every figure of a pair, by its key."""
        return {**self._of_events(), **self._of_presence(), **self._of_intensity(), **self._of_pairs()}

    def _of_events(self) -> dict[str, Series]:
        matched, first, second = (self.events[..., place] for place in range(3))
        all_ = self.events @ np.array([2.0, 1.0, 1.0])
        pooled = np.einsum("rkc,k->rc", self.events, self.within)
        index = coefficients.dice(matched, first, second)
        # "Neither" has no natural number of events: as many as would fit into the time without the code.
        free_us = self.present[..., 0, 0] * self.step_us
        table = np.empty((*matched.shape, 2, 2))
        table[..., 1, 1], table[..., 1, 0], table[..., 0, 1] = matched, first, second
        table[..., 0, 0] = free_us / np.maximum(ratio(self.lengths_us, all_), self.step_us)
        kappa = np.where(all_ > 0, coefficients.cohen_kappa(np.nan_to_num(table)), np.nan)
        pooled_n = int((pooled[0] @ np.array([2.0, 1.0, 1.0])).sum())
        return {
            "index": Series(index, all_[0], self._why_events, coefficients.dice(*pooled.T), pooled_n),
            "kappa_events": Series(kappa, all_[0], self._why_events),
        }

    def _why_events(self, row: int) -> str:
        if not self.events[0, row].sum():
            return NOBODY
        return "the code is there all the time"

    def _of_presence(self) -> dict[str, Series]:
        table = self.present
        frames = table[0].sum((-2, -1))
        # Where nobody used a code the two agree in every frame; counted as agreement it would only flatter.
        used = (table.sum((-2, -1)) - table[..., 0, 0]) > 0
        prevalence = ratio(table[..., 1, :].sum(-1) + table[..., :, 1].sum(-1), 2 * table.sum((-2, -1)))
        pooled = np.einsum("rkij,k->rij", table, self.within)
        return {
            "index_frames": Series(
                coefficients.dice(table[..., 1, 1], table[..., 1, 0], table[..., 0, 1]),
                frames,
                self._why_presence,
                coefficients.dice(pooled[..., 1, 1], pooled[..., 1, 0], pooled[..., 0, 1]),
                int(self.counts.frames.sum()),
            ),
            "kappa": Series(coefficients.cohen_kappa(table), frames, self._why_presence),
            "alpha": Series(coefficients.krippendorff_alpha(both_ways(table)), frames, self._why_presence),
            "ac1": Series(np.where(used, coefficients.gwet_ac1(table), np.nan), frames, self._why_presence),
            "prevalence": Series(prevalence, frames, self._why_presence),
            "observed": Series(np.where(used, coefficients.observed(table), np.nan), frames, self._why_presence),
        }

    def _why_presence(self, row: int) -> str:
        table = self.present[0, row]
        if not table.sum():
            return "no frame in which it is known to both"
        return NOBODY if table.sum() == table[0, 0] else "the code is there all the time"

    def _of_intensity(self) -> dict[str, Series]:
        table = self.tables[..., :UNGRADED, :UNGRADED]
        graded = np.array([CATALOGUE[code].has_intensity for code, _ in self.keys], bool)
        known = graded & ~ungraded(self.tables[0])
        frames = table[0].sum((-2, -1))
        two, three = icc_of_table(table, 0)
        found = {
            "kappa_intensity": coefficients.cohen_kappa(table, "squared"),
            "alpha_intensity": coefficients.krippendorff_alpha(both_ways(table), "ordinal"),
            "icc2": two,
            "icc3": three,
        }
        return {
            name: Series(np.where(known, values, np.nan), frames, self._why_intensity)
            for name, values in found.items()
        }

    def _why_intensity(self, row: int) -> str:
        return why_no_intensity(self.keys[row][0], self.tables[0, row])

    def _of_pairs(self) -> dict[str, Series]:
        pairs = self.counts.pairs
        tables = np.zeros((len(self.counts.clusters), len(self.keys), _GRADES, _GRADES))
        for pair, row in zip(pairs, self.pair_rows.tolist(), strict=True):
            if pair.levels[0] and pair.levels[1]:
                tables[pair.cluster, row, pair.levels[0] - 1, pair.levels[1] - 1] += 1
        two, three = icc_of_table(np.tensordot(self.weights, tables, 1), 1)
        graded = tables.sum((0, 2, 3))
        overlap = np.array([pair.overlap for pair in pairs])
        found = {
            "icc2_events": Series(two, graded, self._why_graded(graded)),
            "icc3_events": Series(three, graded, self._why_graded(graded)),
            "overlap": self._mean(overlap),
        }
        apart = np.array([pair.deviations for pair in pairs], np.float64).reshape(-1, 3)
        for column, name in enumerate(("onset", "apex", "offset")):
            found[f"{name}_us"] = self._median(apart[:, column], name)
            found[f"{name}_abs_us"] = self._median(np.abs(apart[:, column]), name)
        return found

    def _why_graded(self, graded: Float64) -> Callable[[int], str]:
        def why(row: int) -> str:
            if not CATALOGUE[self.keys[row][0]].has_intensity:
                return "this code has no intensity"
            return "no variance" if graded[row] > 1 else "fewer than two matched events with both intensities"

        return why

    def _mean(self, values: Float64) -> Series:
        shape = (len(self.counts.clusters), len(self.keys))
        sums, numbers = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, (self.pair_clusters, self.pair_rows), values)
        np.add.at(numbers, (self.pair_clusters, self.pair_rows), 1)
        total, n = self.weights @ sums, self.weights @ numbers
        pooled = ratio(total @ self.within, n @ self.within)
        return Series(ratio(total, n), n[0], lambda row: "no matched events", pooled, int(n[0] @ self.within))

    def _median(self, values: Float64, name: str) -> Series:
        known = ~np.isnan(values)
        of_row = [known & (self.pair_rows == row) for row in range(len(self.keys))]
        columns = [medians(self.weights, self.pair_clusters[those], values[those]) for those in of_row]
        those = known & (self.within[self.pair_rows] > 0) if len(values) else known
        return Series(
            np.stack(columns, 1) if columns else np.zeros((len(self.weights), 0)),
            np.array([those.sum() for those in of_row], np.float64),
            lambda row: f"no matched events with an {name} in the time that both coded",
            medians(self.weights, self.pair_clusters[those], values[those]),
            int(those.sum()),
        )
