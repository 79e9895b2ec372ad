"""Golden numbers for the inspection of identifier tables, by scipy and scikit-learn where they have the figure, by numpy where not.

(It is not called inspect.py, which would hide a module of Python from all scripts beside it.)

Needs: pip install numpy scipy scikit-learn. Run: python tests/golden/inspection.py
writes tests/golden/inspection.json. Items, codes, embeddings and categories are made up here and are in the file.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import entropy, kendalltau, spearmanr
from sklearn.metrics import adjusted_rand_score, ndcg_score
from sklearn.metrics.pairwise import cosine_similarity

ITEMS, LEVELS, CODES, K = 40, 3, 4, 5
rng = np.random.default_rng(7)

embeddings = np.round(rng.normal(size=(ITEMS, 6)), 3)
# Codes that know something of the embeddings: signs of the elements, some of them forgotten.
signs = (embeddings > 0).astype(int)
codes = np.stack([2 * signs[:, 2 * level] + signs[:, 2 * level + 1] for level in range(LEVELS)], axis=1)
forgotten = rng.random(codes.shape) < 0.2
codes[forgotten] = rng.integers(0, CODES, forgotten.sum())
other = codes.copy()
moved = rng.random(codes.shape) < 0.3
other[moved] = rng.integers(0, CODES, moved.sum())
categories = (embeddings[:, 0] > 0) + 2 * (rng.random(ITEMS) < 0.3)

same = codes[:, None, :] == codes[None, :, :]
shared = same.sum(axis=2)
prefix = np.cumprod(same, axis=2).sum(axis=2)
cosine = cosine_similarity(embeddings)
np.fill_diagonal(cosine, -2)
order = np.argsort(-cosine, axis=1, kind="stable")
nearest = order[:, 0]


def prefixes(table, depth):
    return np.unique(table[:, :depth], axis=0, return_inverse=True)[1].ravel()


def purity(groups):
    return sum(np.bincount(categories[groups == group]).max() for group in np.unique(groups)) / ITEMS


def agreement(near):
    """Recall and NDCG at K; scikit-learn averages the gains of tied items, which is the expectation over their orders."""
    recalls, ndcgs = [], []
    for item in range(ITEMS):
        others = np.arange(ITEMS) != item
        wanted = np.isin(np.arange(ITEMS), order[item, :K])[others]
        scores = near[item][others]
        ndcgs.append(ndcg_score([wanted.astype(float)], [scores], k=K))
        expected, place = 0.0, 0
        for score in sorted(set(scores), reverse=True):
            tied = scores == score
            expected += wanted[tied].mean() * min(tied.sum(), max(K - place, 0))
            place += tied.sum()
        recalls.append(expected / K)
    return {"recall": np.mean(recalls), "ndcg": np.mean(ndcgs)}


pairs = np.triu_indices(ITEMS, 1)
shares = [np.bincount(codes[:, level], minlength=CODES) / ITEMS for level in range(LEVELS)]
golden = {
    "embeddings": embeddings.tolist(),
    "codes": codes.tolist(),
    "other": other.tolist(),
    "categories": categories.tolist(),
    "k": K,
    "entropy": [entropy(share) for share in shares],
    "distinct": [len(np.unique(codes[:, :depth], axis=0)) for depth in range(1, LEVELS + 1)],
    "purity": [purity(prefixes(codes, depth)) for depth in range(1, LEVELS + 1)],
    "prefix": agreement(prefix),
    "shared": agreement(shared),
    "overlap": np.mean(codes == codes[nearest]),
    "overlap_by_level": (codes == codes[nearest]).mean(axis=0).tolist(),
    "overlap_prefix": np.mean(np.cumprod(codes == codes[nearest], axis=1).sum(axis=1)),
    "near_in_codes": shared[pairs].tolist(),
    "cosines": np.round(cosine[pairs], 6).tolist(),
    "spearman": spearmanr(shared[pairs], np.round(cosine[pairs], 6))[0],
    "kendall": kendalltau(shared[pairs], np.round(cosine[pairs], 6))[0],
    "changed_by_level": (codes != other).mean(axis=0).tolist(),
    "changed": np.mean((codes != other).any(axis=1)),
    "adjusted_rand": [adjusted_rand_score(prefixes(codes, depth), prefixes(other, depth)) for depth in range(1, LEVELS + 1)],
}
for key, value in golden.items():
    if isinstance(value, dict):
        golden[key] = {name: float(figure) for name, figure in value.items()}
    elif not isinstance(value, (list, int)):
        golden[key] = float(value)
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":"), default=float) + "\n")
