"""Full-ranking evaluation: PyTorch beside genrec.

    python benches/peers/evaluation.py target/release/deps/peers-... FOLDER DATA

DATA is a folder that genrec opens, with `*.inter.json` in it (Beauty: 22,363 users, 12,101 items). Scores are products of random rows of 64; all items are
ranked but those of the history; recall and NDCG at 10. genrec's figure holds what its reports have besides: intervals from 1,000 resamples, and an audit.
"""

import json
import sys
from pathlib import Path

import torch

from peers import Ours, compare, folder

WIDTH, BATCH, K = 64, 1_024, 10


def main(ours, path, data):
    path = folder(path)
    (file,) = Path(data).glob("*.inter.json")
    histories = [items for _, items in sorted((int(user), items) for user, items in json.loads(file.read_text()).items())]
    items = 1 + max(item for row in histories for item in row)
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(len(histories) + items, WIDTH, generator=generator)
    (path / "rows.f32").write_bytes(rows.numpy().tobytes())
    users, catalogue = rows[: len(histories)], rows[len(histories) :].T.contiguous()
    targets = torch.tensor([row[-1] for row in histories])
    seen = [torch.tensor(row[:-1]) for row in histories]
    starts = range(0, len(seen), BATCH)
    places = [torch.repeat_interleave(torch.tensor([len(met) for met in seen[start : start + BATCH]])) for start in starts]
    discounts = 1 / torch.log2(torch.arange(K) + 2.0)

    def evaluate():
        recall = ndcg = 0.0
        for start in range(0, len(users), BATCH):
            scores = users[start : start + BATCH] @ catalogue
            batch = seen[start : start + BATCH]
            scores[places[start // BATCH], torch.cat(batch)] = float("-inf")
            hits = scores.topk(K).indices == targets[start : start + BATCH].unsqueeze(1)
            recall += float(hits.sum())
            ndcg += float((hits * discounts).sum())
        return [recall / len(users), ndcg / len(users)]

    child = Ours(ours, "evaluation", path, data)
    agree = lambda theirs, mine: [theirs, mine]
    compare(f"evaluation, {len(users):,} users x {items:,} items", evaluate, child, "evaluate", 5, 1, agree)
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
