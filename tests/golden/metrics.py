"""Golden numbers for the ranking metrics: run `python metrics.py > metrics.json` (scikit-learn, torchmetrics, torch).

Scores of 24 items and one to five targets among them; recall, hit rate, NDCG and MRR at 1, 3, 5, 10 and 20 of torchmetrics, and
NDCG of scikit-learn. "distinct" scores are without ties; of "tied" ones scikit-learn averages the gains over the ties
(`ignore_ties=False`), which is the exact mean over all orders. torchmetrics knows no such mean for the others.
"""

import json
import warnings

import torch
from sklearn.metrics import ndcg_score
from torchmetrics.functional.retrieval import (
    retrieval_hit_rate,
    retrieval_normalized_dcg,
    retrieval_recall,
    retrieval_reciprocal_rank,
)

warnings.filterwarnings("ignore")
KS = [1, 3, 5, 10, 20]
ITEMS = 24
generator = torch.Generator().manual_seed(0)

cases = []
for number in range(12):
    targets = torch.randperm(ITEMS, generator=generator)[: 1 + number % 5]
    relevant = torch.zeros(ITEMS, dtype=torch.long)
    relevant[targets] = 1
    distinct = torch.randperm(ITEMS, generator=generator).float()
    tied = torch.randint(0, 2 + number % 5, (ITEMS,), generator=generator).float()
    rows = []
    for k in KS:
        sklearn = lambda scores: float(ndcg_score(relevant[None], scores[None], k=k))
        rows.append(
            {
                "k": k,
                "recall": float(retrieval_recall(distinct, relevant, top_k=k)),
                "hit_rate": float(retrieval_hit_rate(distinct, relevant, top_k=k)),
                "ndcg": float(retrieval_normalized_dcg(distinct, relevant, top_k=k)),
                "mrr": float(retrieval_reciprocal_rank(distinct, relevant, top_k=k)),
                "ndcg_sklearn": sklearn(distinct),
                "ndcg_sklearn_tied": sklearn(tied),
            }
        )
    cases.append(
        {
            "targets": sorted(targets.tolist()),
            "distinct": distinct.tolist(),
            "tied": tied.tolist(),
            "figures": rows,
        }
    )
print(json.dumps(cases, indent=1))
