"""Tries of random identifiers, and the constrained steps of a beam search: `rectokens` (its CSR trie, the PyTorch path) beside genrec.

    python benches/peers/trie.py target/release/deps/peers-... FOLDER [ITEMS ...]

Eight levels of 2,048 codewords. A step is the mask, the best of all beams, and the next nodes, for 2 requests of 70 beams, from log-probabilities that are
there already; all eight steps are taken one after the other. Levels below the second go through rectokens' CSR trie, the first two through its dense tables.
"""

import sys

import torch
from rectokens.decoding.vntk import vtnk_pytorch
from rectokens.schemas.compact_csr_trie import CompactCSRTrie

from peers import Ours, compare, folder

LEVELS, CODEWORDS, REQUESTS, BEAMS = 8, 2_048, 2, 70


def identifiers(items):
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randint(0, CODEWORDS, (items, LEVELS), generator=generator)
    # As one number a half, to sort quickly.
    high, low = (sum(drawn[:, at] * CODEWORDS ** (3 - place) for place, at in enumerate(half)) for half in (range(4), range(4, 8)))
    order = torch.argsort(low, stable=True)
    order = order[torch.argsort(high[order], stable=True)]
    drawn = drawn[order]
    new = torch.ones(len(drawn), dtype=torch.bool)
    new[1:] = (drawn[1:] != drawn[:-1]).any(1)
    return drawn[new]


def search(trie, scores):
    """The values of the best identifiers, by the number of their leaf."""
    rows = torch.arange(REQUESTS).unsqueeze(1)
    sums = torch.zeros(REQUESTS, 1)
    tokens, nodes = torch.zeros(REQUESTS, 1, 0, dtype=torch.long), None
    for level in range(LEVELS):
        beams = sums.shape[1]
        given = scores[level][:, :beams]
        if level < len(trie.dense_mask_by_layer):
            mask = trie.dense_mask_by_layer[level]
            allowed = mask[tokens.unbind(-1)] if level else mask.expand(REQUESTS, 1, -1)
            found = torch.where(allowed, given, float("-inf"))
            branches = None
        else:
            flat = given.reshape(REQUESTS * beams, -1)
            branches, valid, found = vtnk_pytorch(flat, nodes.flatten(), trie, level)
            found = found.view(REQUESTS, beams, -1)
        total = (sums.unsqueeze(-1) + found).view(REQUESTS, -1)
        sums, best = total.topk(BEAMS, dim=-1)
        parents, token = best // CODEWORDS, best % CODEWORDS
        tokens = torch.cat([tokens[rows, parents], token.unsqueeze(-1)], -1)
        if branches is not None:
            flat = (rows * beams + parents).flatten()
            match = valid[flat] == token.flatten().unsqueeze(1)
            nodes = branches[flat][match].view(REQUESTS, BEAMS)
        elif level + 1 == len(trie.dense_mask_by_layer):
            nodes = trie.dense_states[tokens.unbind(-1)]
    return tokens.tolist()


def main(ours, path, *counts):
    path = folder(path)
    scores = torch.randn(LEVELS, REQUESTS, BEAMS, CODEWORDS, generator=torch.Generator().manual_seed(2)).log_softmax(-1)
    # Beams grow from one: those of the first steps have the same scores.
    (path / "scores.f32").write_bytes(scores.numpy().tobytes())
    for items in map(int, counts or ["1000000", "10000000"]):
        rows = identifiers(items)
        (path / "identifiers.u32").write_bytes(rows.to(torch.int32).numpy().tobytes())
        child = Ours(ours, "trie", path)
        built = []

        def build():
            built[:] = [CompactCSRTrie.from_sorted_batch(rows, CODEWORDS)]

        compare(f"build, {items:,} sorted identifiers", build, child, "build", rounds=3)
        trie = built[0]

        def same(theirs, mine):
            return sum(len(set(map(tuple, a)) & set(map(tuple, b))) for a, b in zip(theirs, mine)) / (REQUESTS * BEAMS)

        with torch.inference_mode():
            compare(f"a step, {items:,} identifiers", lambda: search(trie, scores), child, "search", 20, 3, same, LEVELS)
        for what in ["save", "open", "open unread"]:
            print(what, child.ask(what)["seconds"], flush=True)
        child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
