"""An epoch of LightGCN: PyTorch's sparse products beside genrec.

    python benches/peers/lightgcn.py target/release/deps/peers-... DATA

DATA is a folder that genrec opens, with `*.inter.json` in it (Beauty, say). 64 wide, 3 layers, batches of 2,048, one negative, BPR with L2, Adam.
"""

import json
import sys
from pathlib import Path

import torch
from torch.nn import functional

from peers import Ours, compare

WIDTH, LAYERS, BATCH = 64, 3, 2_048


def main(ours, data):
    (file,) = Path(data).glob("*.inter.json")
    histories = json.loads(file.read_text())
    # Leave-one-out: the last two of every user are held out.
    pairs = [(int(user), item) for user, items in histories.items() for item in items[:-2]]
    users, items = len(histories), 1 + max(item for row in histories.values() for item in row)
    user, item = torch.tensor(pairs).T
    known = set(pairs)
    indices = torch.cat([torch.stack([user, item + users]), torch.stack([item + users, user])], 1)
    degrees = torch.bincount(indices[0], minlength=users + items).clamp(min=1).float()
    values = degrees[indices[0]].rsqrt() * degrees[indices[1]].rsqrt()
    graph = torch.sparse_coo_tensor(indices, values, (users + items, users + items)).coalesce().to_sparse_csr()
    torch.manual_seed(1)
    rows = torch.nn.Parameter(torch.randn(users + items, WIDTH) * 0.1)
    optimizer = torch.optim.Adam([rows], lr=1e-3)

    def epoch():
        order = torch.randperm(len(user))
        for batch in order.split(BATCH):
            negative = torch.randint(0, items, (len(batch),))
            # As genrec: what the user has is drawn again.
            while met := [at for at, pair in enumerate(zip(user[batch].tolist(), negative.tolist())) if pair in known]:
                negative[met] = torch.randint(0, items, (len(met),))
            layer, total = rows, rows
            for _ in range(LAYERS):
                layer = graph @ layer
                total = total + layer
            mean = total / (LAYERS + 1)
            u, p, n = user[batch], users + item[batch], users + negative
            scores = (mean[u] * (mean[p] - mean[n])).sum(1)
            loss = functional.softplus(-scores).mean() + 1e-4 * (rows[u].square().sum() + rows[p].square().sum() + rows[n].square().sum()) / (2 * len(batch))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    child = Ours(ours, "light-gcn", data)
    compare(f"LightGCN epoch, {users:,} users, {items:,} items, {len(user):,} interactions", epoch, child, "epoch", 3)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
