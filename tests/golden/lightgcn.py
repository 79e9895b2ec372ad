"""Four training steps of LightGCN in plain PyTorch, for crates/genrec-collaborative: tests/golden/lightgcn.json.

Dense matrices, gradients by autodiff, torch.optim.Adam. Needs: pip install torch. Run: python tests/golden/lightgcn.py
"""

import json
from pathlib import Path

import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
histories = [[0, 1, 2], [1], [3, 0, 4], [], [4, 1]]
users, items, d, layers, rate, l2 = len(histories), 6, 5, 3, 0.01, 0.1
nodes = users + items
adjacency = torch.zeros(nodes, nodes)
for user, history in enumerate(histories):
    for item in history:
        adjacency[user, users + item] = adjacency[users + item, user] = 1
scale = adjacency.sum(1).clamp(min=1).rsqrt()
product = scale[:, None] * adjacency * scale

start = torch.randn(nodes, d).float().double()
weights = torch.nn.Parameter(start.clone())
optimizer = torch.optim.Adam([weights], lr=rate)
triples = [[[0, 1, 3], [2, 4, 1], [0, 0, 5]], [[1, 1, 0], [1, 1, 2]], [[4, 4, 3], [2, 3, 3 - 1], [0, 2, 4]], [[2, 0, 1]]]
losses = []
for batch in triples:
    user, positive, negative = torch.tensor(batch).T
    positive, negative = positive + users, negative + users
    layer, total = weights, weights
    for _ in range(layers):
        layer = product @ layer
        total = total + layer
    mean = total / (layers + 1)
    margin = (mean[user] * (mean[positive] - mean[negative])).sum(1)
    loss = torch.nn.functional.softplus(-margin).mean()
    own = torch.cat([weights[user], weights[positive], weights[negative]])
    penalty = l2 * 0.5 * own.pow(2).sum() / len(batch)
    optimizer.zero_grad()
    (loss + penalty).backward()
    optimizer.step()
    losses.append(loss.item())

golden = {
    "histories": histories,
    "items": items,
    "layers": layers,
    "learning_rate": rate,
    "l2": l2,
    "batches": triples,
    "start": start.tolist(),
    "losses": losses,
    "weights": weights.tolist(),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
