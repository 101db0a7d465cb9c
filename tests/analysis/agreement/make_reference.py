"""Wrote ``reference.json``: what other packages say about the same data. Not part of the tests' run.

    python -m venv /tmp/reference
    /tmp/reference/bin/pip install scikit-learn==1.9.1 statsmodels==0.15.0 krippendorff==0.9.0 pingouin==0.6.1 \\
        irrCAC==0.4.4
    /tmp/reference/bin/python tests/analysis/agreement/make_reference.py
"""

import json
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pingouin
from irrCAC.raw import CAC
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats.inter_rater import cohens_kappa, to_table

random = np.random.default_rng(20)
PACKAGES = ("scikit-learn", "statsmodels", "krippendorff", "pingouin", "irrCAC")


def several():
    """Four coders, five values in order, one value in ten missing."""
    true = random.integers(1, 6, 40)
    data = np.clip(true[:, None] + random.choice([-1, 0, 0, 0, 1], (40, 4)), 1, 5).astype(float)
    data[random.random(data.shape) < 0.1] = np.nan
    alphas = {
        level: krippendorff.alpha(reliability_data=data.T, level_of_measurement=level)
        for level in ("nominal", "ordinal", "interval")
    }
    ac1 = CAC(pd.DataFrame(data)).gwet()["est"]["coefficient_value"]
    return {"ratings": [[None if np.isnan(v) else v for v in row] for row in data], "alpha": alphas, "ac1": ac1}


def two():
    """Two coders, six values in order."""
    a = random.integers(0, 6, 80)
    b = np.where(random.random(80) < 0.6, a, random.integers(0, 6, 80))
    table = to_table(np.stack([a, b], 1), 6)[0]
    return {
        "table": np.asarray(table).astype(int).tolist(),
        "none": cohens_kappa(table).kappa,
        "linear": cohen_kappa_score(a, b, weights="linear"),
        "squared": cohen_kappa_score(a, b, weights="quadratic"),
        "alpha_ordinal": krippendorff.alpha(reliability_data=np.stack([a, b]), level_of_measurement="ordinal"),
    }


def rare():
    """Two coders of a code that is there in one frame of fifty."""
    a = (random.random(3000) < 0.02).astype(int)
    b = np.where(random.random(3000) < 0.99, a, 1 - a)
    return {
        "table": np.histogram2d(a, b, 2)[0].astype(int).tolist(),
        "kappa": cohen_kappa_score(a, b),
        "ac1": CAC(pd.DataFrame({"a": a, "b": b})).gwet()["est"]["coefficient_value"],
        "alpha": krippendorff.alpha(reliability_data=np.stack([a, b]), level_of_measurement="nominal"),
        "f1": f1_score(a, b),
    }


def scores():
    """Three coders' scores with offsets of their own."""
    data = random.normal(0, 1, (30, 1)) + random.normal(0, 0.5, (30, 3)) + [0, 0.4, -0.3]
    data = data.round(3)
    long = pd.DataFrame([{"unit": u, "coder": c, "score": data[u, c]} for u in range(30) for c in range(3)])
    found = pingouin.intraclass_corr(long, "unit", "coder", "score")
    rows = found.set_index("Type")
    # A: absolute agreement, ICC(2,1) of Shrout & Fleiss; C: consistency, their ICC(3,1).
    return {"scores": data.tolist()} | {
        key: {"value": float(rows.loc[name, "ICC"]), "interval": [float(v) for v in rows.loc[name, "CI95"]]}
        for key, name in (("icc2", "ICC(A,1)"), ("icc3", "ICC(C,1)"))
    }


found = {
    "packages": {name: version(name) for name in PACKAGES},
    "several": several(),
    "two": two(),
    "rare": rare(),
    "scores": scores(),
}
lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
Path(__file__).with_name("reference.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
