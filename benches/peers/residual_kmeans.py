"""Residual k-means of 100,000 x 128, four levels of 256: `faiss` and `semantic-id` beside genrec.

    python benches/peers/residual_kmeans.py target/release/deps/peers-... FOLDER

Rows of 1,000 overlapping clusters. faiss: one Kmeans after the other, and its ResidualQuantizer with a beam of 1. Every library runs 25 iterations a level at
most, from one start. The errors (mean squares) of the last round are printed with the times.
"""

import sys

import faiss
import numpy
import torch
from semantic_id.algorithms.rq_kmeans import RQKMeans

from peers import Ours, compare, folder

ROWS, D, LEVELS, CODEWORDS, ITERATIONS = 100_000, 128, 4, 256, 25


def main(ours, path):
    path = folder(path)
    faiss.omp_set_num_threads(torch.get_num_threads())
    random = numpy.random.default_rng(1)
    centres = random.standard_normal((1_000, D)) * 2
    rows = (centres[random.integers(0, 1_000, ROWS)] + random.standard_normal((ROWS, D))).astype(numpy.float32)
    (path / "rows.f32").write_bytes(rows.tobytes())
    child = Ours(ours, "residual-k-means", path, D, ITERATIONS)

    def successive():
        left, levels = rows.copy(), []
        for level in range(LEVELS):
            # No points are sampled: all are clustered.
            kmeans = faiss.Kmeans(D, CODEWORDS, niter=ITERATIONS, seed=level + 1, max_points_per_centroid=ROWS)
            kmeans.train(left)
            levels.append(kmeans)
            left -= kmeans.centroids[kmeans.index.search(left, 1)[1][:, 0]]
        return levels

    def encode_successive(levels):
        left = rows.copy()
        for kmeans in levels:
            left -= kmeans.centroids[kmeans.index.search(left, 1)[1][:, 0]]
        return float((left**2).mean())

    def quantizer():
        found = faiss.ResidualQuantizer(D, LEVELS, 8)
        found.max_beam_size = 1
        found.cp.niter = ITERATIONS
        found.cp.max_points_per_centroid = ROWS
        found.train(rows)
        return found

    def encode_quantizer(found):
        return float(((rows - found.decode(found.compute_codes(rows))) ** 2).mean())

    def semantic():
        return RQKMeans(LEVELS, CODEWORDS, max_iter=ITERATIONS, random_state=1, n_init=1).fit(rows)

    def encode_semantic(found):
        return float(((rows - found.decode(found.encode(rows))) ** 2).mean())

    peers = {
        "faiss, successive": (successive, encode_successive),
        "faiss, ResidualQuantizer": (quantizer, encode_quantizer),
        "semantic-id": (semantic, encode_semantic),
    }
    for name, (fit, encode) in peers.items():
        fitted = []

        def keep():
            fitted[:] = [fit()]

        compare(f"residual k-means, fit: {name}", keep, child, "fit", 2, 0)
        compare(f"residual k-means, encode and error: {name}", lambda: encode(fitted[0]), child, "encode", 3, 1, lambda theirs, mine: [theirs, mine])
    child.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
